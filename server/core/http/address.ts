/** Client addresses: one spelling for each, and membership in allow lists. */
import { BlockList, isIP, isIPv4, isIPv6 } from "node:net";
import { AppError } from "#server/core/errors.ts";

/** One spelling per address: `::ffff:1.2.3.4` (however written) is `1.2.3.4`, IPv6 is compressed, zone ids are dropped. */
export function normaliseAddress(address: string): string {
  // By far the most, asked several times for each request.
  if (isIPv4(address)) {
    return address;
  }
  const bare = address.trim().replace(/%.*$/, "").toLowerCase();
  if (!isIPv6(bare)) {
    return bare;
  }
  // The URL parser writes every form of an IPv6 address the same way, with embedded IPv4 in hexadecimal.
  const canonical = new URL(`http://[${bare}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical);
  if (mapped === null) {
    return canonical;
  }
  const [high, low] = [Number.parseInt(mapped[1] ?? "", 16), Number.parseInt(mapped[2] ?? "", 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

/** True for addresses that only this machine can reach. */
export function isLoopbackAddress(address: string): boolean {
  const canonical = normaliseAddress(address);
  return canonical === "::1" || (isIPv4(canonical) && canonical.startsWith("127."));
}

/** What counts as one client: an IPv4 address, or an IPv6 /64 network, which is what one customer gets. Anything else is its own key. */
export function addressKey(address: string): string {
  const canonical = normaliseAddress(address);
  if (!isIPv6(canonical)) {
    return canonical;
  }
  const [left = "", right = ""] = canonical.split("::");
  const head = left === "" ? [] : left.split(":");
  const tail = right === "" ? [] : right.split(":");
  const zeros = canonical.includes("::") ? Array<string>(8 - head.length - tail.length).fill("0") : [];
  return [...head, ...zeros, ...tail].slice(0, 4).join(":");
}

/** A list of addresses and CIDR ranges that can be asked quickly. Empty lists admit nobody: callers treat "no list" themselves. */
export interface AddressList {
  includes(address: string): boolean;
}

/** @throws AppError("INVALID_INPUT") naming the first entry that is neither an address nor a range. */
export function parseAddressList(entries: readonly string[]): AddressList {
  const list = new BlockList();
  for (const { base, bits, kind } of entries.map(parseNetwork)) {
    list.addSubnet(base, bits, kind);
  }
  return {
    includes(address) {
      const plain = normaliseAddress(address);
      return isIP(plain) !== 0 && list.check(plain, isIPv4(plain) ? "ipv4" : "ipv6");
    },
  };
}

/**
 * True when every address of the range `inner` is inside one range of `outer`. Ranges that only together cover `inner` do not count.
 * @throws AppError("INVALID_INPUT") as `parseAddressList`.
 */
export function isNetworkWithin(inner: string, outer: readonly string[]): boolean {
  const { base, bits, kind } = parseNetwork(inner);
  return outer.map(parseNetwork).some((range) => {
    const list = new BlockList();
    list.addSubnet(range.base, range.bits, range.kind);
    return range.kind === kind && range.bits <= bits && list.check(base, kind);
  });
}

interface Network {
  base: string;
  /** Length of the prefix; a single address has all bits. */
  bits: number;
  kind: "ipv4" | "ipv6";
}

function parseNetwork(entry: string): Network {
  const [base = "", prefix, ...rest] = entry.trim().split("/");
  const kind = isIPv4(base) ? "ipv4" : "ipv6";
  const most = kind === "ipv4" ? 32 : 128;
  const bits = prefix === undefined ? most : /^\d{1,3}$/.test(prefix) ? Number(prefix) : NaN;
  if (isIP(base) === 0 || rest.length > 0 || !(bits <= most)) {
    throw new AppError(
      "INVALID_INPUT",
      `"${entry}" is not an IP address or CIDR range (examples: 192.168.1.7, 10.0.0.0/8, 2001:db8::/32).`,
    );
  }
  return { base, bits, kind };
}
