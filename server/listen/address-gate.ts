/**
 * The first thing that every connection and every request meets: may this address be here at all (`gateway.allowedIps`), and does it hold
 * too many connections? Works from addresses alone: nothing is read of a connection that is refused, no token is looked at.
 * Behind a trusted proxy the connection is the proxy's, so there the same question is asked of each request's client.
 */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { isLoopbackAddress, normaliseAddress, parseAddressList, type AddressList } from "#server/core/http/address.ts";
import { clientAddress } from "#server/core/http/client-address.ts";
import { createConnections } from "#server/listen/connections.ts";
import { recordDoorRefusal, type DoorRefusal, type RefusalAnswer } from "#server/listen/refusal.ts";
import type { ListenServices } from "#server/listen/services.ts";

type ClientVerdict = { ok: true; address: string } | { ok: false; refusal: DoorRefusal & RefusalAnswer };

export interface AddressGate {
  /** Whether a new connection may stay; one that may not is destroyed and on its way into the record. */
  admit(socket: Socket): boolean;
  /** The one place that says who sent a request, and whether that address may. */
  clientOf(request: IncomingMessage): ClientVerdict;
  cutAll(): void;
  close(): void;
}

interface AddressGateOptions {
  services: Pick<ListenServices, "config" | "refusals" | "log">;
  /** Admits trusted proxies and this machine only. */
  proxiesOnly: boolean;
}

export function createAddressGate({ services, proxiesOnly }: AddressGateOptions): AddressGate {
  const { config } = services;
  const connections = createConnections();
  const lists = new WeakMap<readonly string[], AddressList>();

  /** Parsed once per loaded configuration. */
  function listOf(entries: readonly string[]): AddressList {
    const list = lists.get(entries) ?? parseAddressList(entries);
    lists.set(entries, list);
    return list;
  }

  const isProxy = (peer: string): boolean => listOf(config.current().config.gateway.trustedProxies).includes(peer);

  function isAllowed(address: string): boolean {
    const { allowedIps } = config.current().config.gateway;
    return allowedIps.length === 0 || listOf(allowedIps).includes(address);
  }

  /** Why a connection from `peer` cannot stay, as far as its address goes. */
  function addressRefusal(peer: string): Pick<DoorRefusal, "reason" | "because"> | undefined {
    if (isProxy(peer)) {
      return undefined;
    }
    if (proxiesOnly && !isLoopbackAddress(peer)) {
      return { reason: "not_a_proxy", because: "gateway.tls.terminatedByProxy" };
    }
    return isAllowed(peer) ? undefined : { reason: "not_allowed", because: "gateway.allowedIps" };
  }

  function refuse(refusal: DoorRefusal): void {
    void recordDoorRefusal(services, refusal);
  }

  function admit(socket: Socket): boolean {
    const peer = normaliseAddress(socket.remoteAddress ?? "");
    const wrong = addressRefusal(peer);
    const because = "gateway.maxConnectionsPerAddress";
    const most = config.current().config.gateway.maxConnectionsPerAddress;
    if (peer !== "" && wrong === undefined && (connections.countOf(peer) < most || isProxy(peer))) {
      connections.add(socket, peer);
      return true;
    }
    socket.destroy();
    // Without an address the other end was gone before anybody looked.
    if (peer !== "" && wrong !== undefined) {
      refuse({ event: "network.address_refused", address: peer, ...wrong });
    } else if (peer !== "") {
      refuse({ event: "network.connections_exceeded", address: peer, reason: "per_address", because });
    }
    return false;
  }

  function clientOf(request: IncomingMessage): ClientVerdict {
    const peer = normaliseAddress(request.socket.remoteAddress ?? "");
    const { trustedProxies } = config.current().config.gateway;
    if (trustedProxies.length === 0 || !isProxy(peer)) {
      return { ok: true, address: peer };
    }
    const written = request.headers["x-forwarded-for"];
    const forwardedFor = Array.isArray(written) ? written.join(",") : written;
    const client = clientAddress({ peer, forwardedFor, trusted: listOf(trustedProxies) });
    if (!client.ok) {
      return { ok: false, refusal: { ...FORWARDED_FOR_REFUSAL, address: peer } };
    }
    connections.usedBy(request.socket, client.address, peer);
    return isAllowed(client.address)
      ? client
      : { ok: false, refusal: { ...ADDRESS_REFUSAL, address: client.address, data: { proxy: peer } } };
  }

  const unsubscribe = config.subscribe(() => {
    const cut = connections.cut((peer, client) =>
      client !== undefined && isProxy(peer) ? !isAllowed(client) : addressRefusal(peer) !== undefined,
    );
    cut.forEach((address) => refuse({ event: "network.address_refused", address, reason: "no_longer_allowed" }));
  });

  return { admit, clientOf, cutAll: () => connections.cutAll(), close: unsubscribe };
}

const FORWARDED_FOR_REFUSAL = {
  event: "network.bad_request",
  reason: "forwarded_for_invalid",
  because: "gateway.trustedProxies",
  status: 400,
  code: "invalid_input",
  message: "X-Forwarded-For: names something that is no IP address. Have the proxy send addresses only.",
} as const;

const ADDRESS_REFUSAL = {
  event: "network.address_refused",
  reason: "not_allowed",
  because: "gateway.allowedIps",
  status: 403,
  code: "forbidden",
  message: "This address may not use the gateway. Its operator can add it to gateway.allowedIps.",
} as const;
