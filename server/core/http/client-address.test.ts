import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { normaliseAddress, parseAddressList } from "#server/core/http/address.ts";
import { clientAddress } from "#server/core/http/client-address.ts";

const PROXY = "10.0.0.7";
const trusted = parseAddressList(["10.0.0.0/8", "fd00::/8"]);
const from = (peer: string, forwardedFor?: string) => clientAddress({ peer, forwardedFor, trusted });
const is = (address: string) => ({ ok: true, address });

const publicAddress = fc
  .oneof(fc.ipV4(), fc.ipV6())
  .map(normaliseAddress)
  .filter((address) => !trusted.includes(address) && !/^(?:127\.|::1$|0\.0\.0\.0$|::$)/.test(address));
const trustedAddress = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255)).map(([a, b, c]) => `10.${a}.${b}.${c}`);

describe("NET-4 the client's address", () => {
  test.each([
    ["no header", "203.0.113.9", undefined, "203.0.113.9"],
    ["no header from a proxy", PROXY, undefined, PROXY],
    ["one hop", PROXY, "203.0.113.9", "203.0.113.9"],
    ["the right-most hop that is no proxy", PROXY, "1.1.1.1, 203.0.113.9, 10.1.1.1", "203.0.113.9"],
    ["garbage further left", PROXY, "<script>, 203.0.113.9", "203.0.113.9"],
    ["a port", PROXY, "203.0.113.9:4711", "203.0.113.9"],
    ["IPv6", PROXY, "2001:DB8::0:1", "2001:db8::1"],
    ["IPv6 in brackets", PROXY, "[2001:db8::1]", "2001:db8::1"],
    ["IPv6 with a port", PROXY, "[2001:db8::1]:443", "2001:db8::1"],
    ["a proxy reached over IPv6", "fd00::1", "203.0.113.9", "203.0.113.9"],
    ["proxies only: the left-most", PROXY, "10.3.3.3, 10.2.2.2", "10.3.3.3"],
  ])("%s", (_, peer, header, client) => {
    expect(from(peer, header)).toEqual(is(client));
  });

  test("GHSA-5847-rm3g-23mw an IPv4 address counts as the same in its IPv6 spelling, as peer and as hop", () => {
    expect(from("::ffff:10.0.0.7", "::ffff:203.0.113.9")).toEqual(is("203.0.113.9"));
    expect(from(PROXY, "1.1.1.1, ::ffff:a01:101")).toEqual(is("1.1.1.1"));
    expect(from("::ffff:203.0.113.9", "1.1.1.1")).toEqual(is("203.0.113.9"));
  });

  test.each(["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "[::1]:80", "127.0.0.1:80", "0.0.0.0", "::"])(
    "CVE-2026-35656 %s in a header makes nobody local",
    (local) => {
      expect(from(PROXY, local)).toEqual(is(PROXY));
      expect(from(PROXY, `203.0.113.9, ${local}`)).toEqual(is(PROXY));
      expect(from(PROXY, `${local}, 203.0.113.9`)).toEqual(is("203.0.113.9"));
    },
  );

  test("CVE-2026-35656 not even where the proxy itself is on this machine", () => {
    const onThisMachine = parseAddressList(["127.0.0.1", "10.0.0.7"]);
    const header = { peer: PROXY, forwardedFor: "127.0.0.1, 127.0.0.1", trusted: onThisMachine };
    expect(clientAddress(header)).toEqual(is(PROXY));
  });

  test.each([
    "",
    " ",
    "unknown",
    "_hidden",
    "example.com",
    "203.0.113.9,",
    "300.1.1.1",
    "1.2.3.4:x",
    "[::1",
    "1.2.3.4%0",
  ])("a proxy that names %j is not understood, so nothing is guessed", (hop) =>
    expect(from(PROXY, hop)).toEqual({ ok: false }),
  );
});

describe("properties", () => {
  test("CVE-2026-53832 whatever an untrusted peer writes, it stays itself", () => {
    fc.assert(
      fc.property(publicAddress, fc.string(), (peer, header) => {
        expect(from(peer, header)).toEqual(is(peer));
      }),
    );
  });

  test("CVE-2026-35656 whatever a client writes, the address its proxy saw counts", () => {
    fc.assert(
      fc.property(fc.string(), publicAddress, fc.array(trustedAddress), (written, seen, proxies) => {
        expect(from(PROXY, [written, seen, ...proxies].join(", "))).toEqual(is(seen));
      }),
    );
  });

  test("the outcome is one of the addresses on the way, in canonical spelling, and never local", () => {
    const hop = fc.oneof(publicAddress, trustedAddress, fc.constantFrom("127.0.0.1", "::1", "::ffff:127.1.1.1"));
    fc.assert(
      fc.property(fc.array(hop, { minLength: 1 }), (hops) => {
        const client = from(PROXY, hops.join(","));
        expect(client.ok).toBe(true);
        if (client.ok) {
          expect([PROXY, ...hops.map(normaliseAddress)]).toContain(client.address);
          expect(client.address).not.toMatch(/^(?:127\.|::1$)/);
        }
      }),
    );
  });
});
