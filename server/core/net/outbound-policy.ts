/**
 * Which addresses the server itself may connect to, and what an operator can open. Pure.
 * Threats: an address in a setting, a channel or an answer that leads to this machine, its network or a cloud's metadata service (SSRF).
 */
import { isIP } from "node:net";
import { isLoopbackAddress, isNetworkWithin, normaliseAddress, parseAddressList } from "#server/core/http/address.ts";
import { addressClass, PRIVATE_RANGES } from "#server/core/net/public-address.ts";

/**
 * Whether a connection to `host:port` may go to the private address `address`.
 * @param host lower case, without brackets and without a final dot
 * @param address what the host resolved to, or the host itself
 */
export type AllowsPrivate = (host: string, port: number, address: string) => boolean;

export const NOTHING_PRIVATE: AllowsPrivate = () => false;

/** A host as a connection sees it; one spelling for each. */
export function bareHost(host: string): string {
  const bare = host.replace(/^\[|\]$/g, "").toLowerCase();
  return isIP(bare) === 0 ? bare.replace(/\.$/, "") : normaliseAddress(bare);
}

/** The port a URL leads to. */
export const portOf = ({ protocol, port }: Pick<URL, "protocol" | "port">): number =>
  port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);

/**
 * The first address that may not be connected to; null = all may. One is enough to refuse: a name that leads inside as well is no honest one,
 * and which of its addresses is taken is not for it to choose.
 */
export function refusedAddress(
  { host, port }: { host: string; port: number },
  addresses: readonly string[],
  allowsPrivate: AllowsPrivate,
): string | null {
  const name = bareHost(host);
  return (
    addresses.find((address) => {
      const kind = addressClass(address);
      return kind === "never" || (kind === "private" && !allowsPrivate(name, port, normaliseAddress(address)));
    }) ?? null
  );
}

/** An entry of `security.outbound.allowedPrivate`. */
interface Opened {
  /** A name or an address; absent for a range. */
  host?: string;
  /** Absent: any. */
  port?: number;
  range?: string;
}

const NAME = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_](?:[a-z0-9_-]{0,62}))*$/;

/** Reads an entry: a name or private address, with or without a port, or a range of private addresses. @throws Error whose message completes "must …" */
export function readOpened(entry: string): Opened {
  if (entry.includes("/")) {
    return { range: readRange(entry) };
  }
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(entry) ?? [];
  const host = bareHost(bracketed ?? plain ?? entry);
  const port = digits === undefined ? undefined : Number(digits);
  if (port !== undefined && (port < 1 || port > 65_535)) {
    throw new Error("must have a port from 1 to 65535, or none");
  }
  if (isIP(host) !== 0) {
    if (addressClass(host) !== "private") {
      throw new Error(
        addressClass(host) === "public"
          ? "must be a private address: public ones need no entry"
          : "must not be an address that is never connected to (link-local, metadata services, multicast)",
      );
    }
  } else if (bracketed !== undefined || !NAME.test(host) || /^[\d.]+$|(?:^|\.)0x[\da-f]*$/.test(host)) {
    throw new Error('must be a host such as "ollama" or "10.0.0.7:11434", or a range such as "192.168.1.0/24"');
  }
  return port === undefined ? { host } : { host, port };
}

function readRange(entry: string): string {
  let within;
  try {
    within = isNetworkWithin(entry, PRIVATE_RANGES);
  } catch {
    throw new Error('must be a range such as "192.168.1.0/24"');
  }
  if (!within) {
    throw new Error(`must lie within one of ${PRIVATE_RANGES.join(", ")}`);
  }
  return entry;
}

/**
 * What is open: `entries` as they stand in `security.outbound.allowedPrivate` (entries that cannot be read open nothing), and hosts that are
 * written as such in `urls`, each for its port alone. A name opens no address for other names, an address in `urls` none for any name.
 */
export function privateAllowance(entries: readonly string[], urls: readonly string[]): AllowsPrivate {
  const opened = entries.flatMap((entry) => {
    try {
      return [readOpened(entry)];
    } catch {
      return [];
    }
  });
  const ranges = parseAddressList(opened.flatMap(({ range }) => (range === undefined ? [] : [range])));
  const literals = new Set(urls.flatMap(literalOf));
  return (host, port, address) =>
    ranges.includes(address) ||
    opened.some((entry) => (entry.host === host || entry.host === address) && (entry.port ?? port) === port) ||
    (literals.has(`${host} ${port}`) && (isIP(host) === 0 ? isLoopbackAddress(address) : address === host));
}

/** `host port` of an address or `localhost`; names are resolved by somebody else and open nothing by themselves. */
function literalOf(text: string): string[] {
  const url = URL.parse(text);
  if (url === null) {
    return [];
  }
  const host = bareHost(url.hostname);
  return host === "localhost" || isIP(host) !== 0 ? [`${host} ${portOf(url)}`] : [];
}

const MAX_URL = 2048;

/** The URL that `text` is when it is one to speak HTTP to: no user name, nothing a parser would drop, no address that is never connected to. */
export function safeUrl(text: string): URL | null {
  // Parsers drop tabs and line ends, and read a backslash as a slash: what people see would not be what is meant.
  const url = text.length > MAX_URL || /[\p{Cc}\p{Cf}\s\\]/u.test(text) ? null : URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") {
    return null;
  }
  const host = bareHost(url.hostname);
  return host === "" || url.port === "0" || (isIP(host) !== 0 && addressClass(host) === "never") ? null : url;
}
