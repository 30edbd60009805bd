/**
 * Who sent a request, when proxies may stand in between. Pure.
 * Threats: a client that writes its own X-Forwarded-For to pass for another address, or for this machine. Only what a trusted proxy wrote
 * counts, read from the right: the nearest address that is not a proxy of ours is the client, whatever stands further left.
 */
import { isIP } from "node:net";
import { isLoopbackAddress, normaliseAddress, type AddressList } from "#server/core/http/address.ts";

/** Not ok: a trusted proxy named something that is no IP address. */
export type ClientAddress = { ok: true; address: string } | { ok: false };

/** Connecting to these reaches the machine itself. */
const UNSPECIFIED = new Set(["0.0.0.0", "::"]);

interface Connection {
  /** Address of the other end of the connection. */
  peer: string;
  /** All X-Forwarded-For lines, joined by commas. `Forwarded`, `X-Real-IP` and the like are never believed. */
  forwardedFor: string | undefined;
  /** Addresses of our proxies. */
  trusted: AddressList;
}

/** The client in canonical spelling. A forwarded local address stands for the proxy, so that nobody becomes local by a header. */
export function clientAddress({ peer, forwardedFor, trusted }: Connection): ClientAddress {
  const proxy = normaliseAddress(peer);
  if (forwardedFor === undefined || !trusted.includes(proxy)) {
    return { ok: true, address: proxy };
  }
  let client = proxy;
  for (const hop of forwardedFor.split(",").reverse()) {
    const address = hopAddress(hop.trim());
    if (address === undefined) {
      return { ok: false };
    }
    client = address;
    if (!trusted.includes(address)) {
      break;
    }
  }
  return { ok: true, address: isLoopbackAddress(client) || UNSPECIFIED.has(client) ? proxy : client };
}

/** `1.2.3.4`, `1.2.3.4:567`, `::1`, `[::1]` or `[::1]:567`. */
function hopAddress(hop: string): string | undefined {
  const bare = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(hop)?.[1] ?? /^([\d.]+):\d{1,5}$/.exec(hop)?.[1] ?? hop;
  return isIP(bare) === 0 ? undefined : normaliseAddress(bare);
}
