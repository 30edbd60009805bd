/**
 * Which addresses belong to the public internet. For everything that is fetched on somebody else's word: what is not public is this machine,
 * its network, or a cloud's metadata service (SSRF). Pure. Sources: IANA special-purpose address registries (RFC 6890 and successors).
 */
import { BlockList, isIP } from "node:net";
import { normaliseAddress } from "#server/core/http/address.ts";

const SPECIAL_V4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  // Link-local, with the metadata services of most clouds.
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
  // Azure's host agent, though the range is public.
  "168.63.129.16/32",
];
/** Inside 2000::/3, the only range from which public addresses are given out. */
const SPECIAL_V6 = [
  // IETF protocols: Teredo, ORCHID, benchmarks. Teredo and 6to4 carry an IPv4 address inside; both are out of use.
  "2001::/23",
  "2001:db8::/32",
  "2002::/16",
  "3fff::/20",
];

/** Addresses of one machine or one network that an operator may open on purpose: loopback, RFC 1918, RFC 6598 (shared), RFC 4193 (unique local). */
export const PRIVATE_RANGES = [
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "::1/128",
  "fc00::/7",
] as const;
/**
 * Metadata services that lie inside those ranges (AWS, Google, Alibaba): they hand out the machine's credentials to whoever asks.
 * All others are link-local or in `SPECIAL_V4`.
 */
const METADATA = ["100.100.100.200/32", "fd00:ec2::254/128", "fd00:ec2::253/128", "fd20:ce::254/128"];

const listOf = (ranges: readonly string[], kind: "ipv4" | "ipv6"): BlockList => {
  const list = new BlockList();
  for (const range of ranges.filter((entry) => entry.includes(":") === (kind === "ipv6"))) {
    const [base = "", bits] = range.split("/");
    list.addSubnet(base, Number(bits), kind);
  }
  return list;
};
const specialV4 = listOf(SPECIAL_V4, "ipv4");
const specialV6 = listOf(SPECIAL_V6, "ipv6");
const globalV6 = listOf(["2000::/3"], "ipv6");
const privateV4 = listOf(PRIVATE_RANGES, "ipv4");
const privateV6 = listOf(PRIVATE_RANGES, "ipv6");
const metadataV4 = listOf(METADATA, "ipv4");
const metadataV6 = listOf(METADATA, "ipv6");

/** NAT64 (RFC 6052): the last 32 bits are an IPv4 address. */
const NAT64 = /^64:ff9b::([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;

/** False for everything that is not the address of one machine on the public internet, also for what is no address at all. */
export const isPublicAddress = (address: string): boolean => addressClass(address) === "public";

/**
 * `private` may be opened on purpose. `never` may not: link-local and metadata addresses, multicast, "no address", reserved ranges, addresses
 * with a zone, and what is no address at all.
 */
export function addressClass(address: string): "public" | "private" | "never" {
  // A zone makes it an address of one link.
  if (isIP(address) === 0 || address.includes("%")) {
    return "never";
  }
  const plain = normaliseAddress(address);
  if (isIP(plain) === 4) {
    if (privateV4.check(plain, "ipv4") && !metadataV4.check(plain, "ipv4")) {
      return "private";
    }
    return specialV4.check(plain, "ipv4") ? "never" : "public";
  }
  const translated = NAT64.exec(plain);
  if (translated !== null) {
    const [high, low] = [Number.parseInt(translated[1] ?? "", 16), Number.parseInt(translated[2] ?? "", 16)];
    // A translator that leads to a private address is no way anybody set up.
    const inner = [high >> 8, high & 255, low >> 8, low & 255].join(".");
    return addressClass(inner) === "public" ? "public" : "never";
  }
  if (privateV6.check(plain, "ipv6") && !metadataV6.check(plain, "ipv6")) {
    return "private";
  }
  return globalV6.check(plain, "ipv6") && !specialV6.check(plain, "ipv6") ? "public" : "never";
}
