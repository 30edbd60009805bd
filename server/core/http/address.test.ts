import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isNetworkWithin, normaliseAddress, parseAddressList } from "#server/core/http/address.ts";

describe("addresses", () => {
  it.each([
    ["127.0.0.1", "127.0.0.1"],
    ["::ffff:1.2.3.4", "1.2.3.4"],
    ["::FFFF:1.2.3.4", "1.2.3.4"],
    ["::ffff:102:304", "1.2.3.4"],
    ["0:0:0:0:0:ffff:0102:0304", "1.2.3.4"],
    ["fe80::1%eth0", "fe80::1"],
    ["2001:DB8::1", "2001:db8::1"],
    ["2001:0db8:0:0::1", "2001:db8::1"],
    ["not an address", "not an address"],
  ])("GHSA-5847-rm3g-23mw: %s is %s in every spelling", (written, canonical) => {
    expect(normaliseAddress(written)).toBe(canonical);
  });

  it("NET-4 admits members of ranges, in any spelling, and nobody else", () => {
    const list = parseAddressList(["10.0.0.0/8", "192.168.1.7", "2001:db8::/32"]);
    expect(
      ["10.255.0.1", "::ffff:10.1.2.3", "192.168.1.7", "2001:db8::9"].every((address) => list.includes(address)),
    ).toBe(true);
    expect(["11.0.0.1", "192.168.1.8", "2001:db9::1", "", "garbage"].some((address) => list.includes(address))).toBe(
      false,
    );
    expect(parseAddressList([]).includes("127.0.0.1")).toBe(false);
  });

  it.each(["10.0.0.0/33", "10.0.0.0/", "300.1.1.1", "example.com", "::1/129", "10.0.0.0/8/8", "10.0.0.0/-1"])(
    "refuses %s by name",
    (entry) => {
      expect(() => parseAddressList(["127.0.0.1", entry])).toThrow(entry);
    },
  );

  it.each<[string, string[], boolean]>([
    ["10.1.0.0/16", ["10.0.0.0/8"], true],
    ["10.1.2.3", ["192.168.0.1", "10.1.2.3"], true],
    ["10.0.0.0/8", ["10.1.0.0/16"], false],
    ["10.0.0.0/8", ["11.0.0.0/8"], false],
    ["0.0.0.0/0", ["::/0"], false],
    ["2001:db8:1::/48", ["2001:db8::/32"], true],
    ["::/0", ["2001:db8::/32"], false],
    ["10.1.2.3", [], false],
  ])("AUTHZ-6 %s within %j: %s", (inner, outer, expected) => {
    expect(isNetworkWithin(inner, outer)).toBe(expected);
  });

  it("AUTHZ-6 an address of a range that is within another is admitted by that other", () => {
    const near = fc.constantFrom("10.0.0.0", "10.1.0.0", "10.1.2.3", "10.1.2.200", "11.0.0.1");
    const range = fc.tuple(near, fc.nat(32)).map(([base, bits]) => `${base}/${bits}`);
    fc.assert(
      fc.property(range, fc.array(range, { minLength: 1, maxLength: 3 }), near, (inner, outer, address) => {
        if (isNetworkWithin(inner, outer) && parseAddressList([inner]).includes(address)) {
          expect(parseAddressList(outer).includes(address)).toBe(true);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
