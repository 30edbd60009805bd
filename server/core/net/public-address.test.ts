import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isPublicAddress } from "#server/core/net/public-address.ts";

const PRIVATE = [
  "0.0.0.0",
  "0.1.2.3",
  "10.255.0.1",
  "100.64.0.1",
  "100.100.100.200",
  "127.0.0.1",
  "127.255.255.254",
  "169.254.169.254",
  "172.16.0.1",
  "172.31.255.255",
  "192.0.0.192",
  "192.168.1.1",
  "198.18.0.1",
  "198.19.255.255",
  "224.0.0.1",
  "240.0.0.1",
  "255.255.255.255",
  "168.63.129.16",
  "::",
  "::1",
  "::ffff:127.0.0.1",
  "::ffff:7f00:1",
  "0:0:0:0:0:ffff:a00:1",
  "::127.0.0.1",
  "fc00::1",
  "fd00:ec2::254",
  "fe80::1",
  "fe80::1%eth0",
  "2606:4700::1111%eth0",
  "ff02::1",
  "2001:db8::1",
  "2001:0:4136:e378:8000:63bf:3fff:fdd2",
  "2002:7f00:1::1",
  "2002:808:808::1",
  "64:ff9b::7f00:1",
  "64:ff9b::10.0.0.1",
  "64:ff9b::169.254.169.254",
  "64:ff9b:1::808:808",
  "3fff::1",
  "100::1",
];
const PUBLIC = [
  "1.1.1.1",
  "8.8.8.8",
  "100.63.255.255",
  "100.128.0.1",
  "172.15.255.255",
  "172.32.0.1",
  "192.167.255.255",
  "198.17.255.255",
  "198.20.0.1",
  "223.255.255.255",
  "::ffff:8.8.8.8",
  "64:ff9b::8.8.8.8",
  "2606:4700::1111",
  "2a00:1450:4001:82f::200e",
];
const NO_ADDRESS = [
  "",
  "localhost",
  "1.2.3",
  "2130706433",
  "0x7f.0.0.1",
  "0177.0.0.1",
  "[::1]",
  "1.1.1.1:80",
  "1.1.1.1 ",
];

/** Value of an IPv4 address; written apart from the code under test. */
const valueOf = (a: number, b: number, c: number, d: number): number => ((a * 256 + b) * 256 + c) * 256 + d;
const MUST_REFUSE: [number, number][] = [
  [valueOf(0, 0, 0, 0), valueOf(0, 255, 255, 255)],
  [valueOf(10, 0, 0, 0), valueOf(10, 255, 255, 255)],
  [valueOf(100, 64, 0, 0), valueOf(100, 127, 255, 255)],
  [valueOf(127, 0, 0, 0), valueOf(127, 255, 255, 255)],
  [valueOf(169, 254, 0, 0), valueOf(169, 254, 255, 255)],
  [valueOf(172, 16, 0, 0), valueOf(172, 31, 255, 255)],
  [valueOf(192, 168, 0, 0), valueOf(192, 168, 255, 255)],
  [valueOf(198, 18, 0, 0), valueOf(198, 19, 255, 255)],
  [valueOf(224, 0, 0, 0), valueOf(255, 255, 255, 255)],
];
const dotted = (value: number): string => [24, 16, 8, 0].map((bits) => (value >>> bits) & 255).join(".");
const hex = (value: number): string => `${(value >>> 16).toString(16)}:${(value & 0xffff).toString(16)}`;

describe("isPublicAddress", () => {
  it.each(PRIVATE)("CVE-2026-28467 refuses %s", (address) => expect(isPublicAddress(address)).toBe(false));
  it.each(PUBLIC)("takes %s", (address) => expect(isPublicAddress(address)).toBe(true));
  it.each(NO_ADDRESS)("takes %j for no address", (address) => expect(isPublicAddress(address)).toBe(false));

  it("CVE-2026-28467 refuses every address of the special ranges, in every spelling", () => {
    const special = fc.constantFrom(...MUST_REFUSE).chain(([min, max]) => fc.integer({ min, max }));
    fc.assert(
      fc.property(special, (value) => {
        const spellings = [dotted(value), `::ffff:${dotted(value)}`, `::ffff:${hex(value)}`, `64:ff9b::${hex(value)}`];
        return spellings.every((address) => !isPublicAddress(address));
      }),
    );
  });

  it("judges an IPv4 address and its forms in IPv6 alike, and never throws", () => {
    fc.assert(fc.property(fc.ipV4(), (address) => isPublicAddress(address) === isPublicAddress(`::ffff:${address}`)));
    fc.assert(fc.property(fc.oneof(fc.string(), fc.ipV6()), (text) => typeof isPublicAddress(text) === "boolean"));
  });

  it("takes IPv6 only from the range public addresses are given out from", () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        const first = Number.parseInt(new URL(`http://[${address}]`).hostname.slice(1).split(":")[0] ?? "", 16);
        const isGlobal = first >= 0x2000 && first <= 0x3fff;
        return (
          isGlobal ||
          !isPublicAddress(address) ||
          /^\[(?:::ffff:|64:ff9b:)/.test(new URL(`http://[${address}]`).hostname)
        );
      }),
    );
  });
});
