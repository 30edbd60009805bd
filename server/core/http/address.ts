/** Client addresses: one spelling for each, and membership in allow lists. */
import { BlockList, isIP, isIPv4 } from "node:net";
import { AppError } from "#server/core/errors.ts";

/** `::ffff:1.2.3.4` (in any spelling) and `1.2.3.4` are the same address; zone ids are dropped. */
export function normaliseAddress(address: string): string {
  const bare = address.replace(/%.*$/, "").toLowerCase();
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(bare);
  if (mapped?.[1] !== undefined && isIPv4(mapped[1])) {
    return mapped[1];
  }
  const hex = /^(?:0*:)*:?(?:0+:)*ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(bare);
  if (hex?.[1] !== undefined && hex[2] !== undefined && isIP(bare) === 6) {
    const value = (parseInt(hex[1], 16) << 16) | parseInt(hex[2], 16);
    return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join(".");
  }
  return bare;
}

/** A list of addresses and CIDR ranges that can be asked quickly. Empty lists admit nobody: callers treat "no list" themselves. */
export interface AddressList {
  includes(address: string): boolean;
}

/** @throws AppError("INVALID_INPUT") naming the first entry that is neither an address nor a range. */
export function parseAddressList(entries: readonly string[]): AddressList {
  const list = new BlockList();
  for (const entry of entries) {
    const [base = "", prefix, ...rest] = entry.trim().split("/");
    const family = isIP(base);
    const bits = prefix === undefined ? undefined : /^\d{1,3}$/.test(prefix) ? Number(prefix) : NaN;
    if (family === 0 || rest.length > 0 || (bits !== undefined && !(bits <= (family === 4 ? 32 : 128)))) {
      throw new AppError("INVALID_INPUT", `"${entry}" is not an IP address or CIDR range (examples: 192.168.1.7, 10.0.0.0/8, 2001:db8::/32).`);
    }
    const kind = family === 4 ? "ipv4" : "ipv6";
    if (bits === undefined) {
      list.addAddress(base, kind);
    } else {
      list.addSubnet(base, bits, kind);
    }
  }
  return {
    includes(address) {
      const plain = normaliseAddress(address);
      return list.check(plain, isIPv4(plain) ? "ipv4" : "ipv6");
    },
  };
}
