import { isIP } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allowed, canonicalHost, parseAuthority } from "#worker/link/egress/host-name.ts";

const LIST = ["api.example.com", "*.wild.example", "xn--bcher-kva.example"];

describe("allowed", () => {
  it.each([
    "api.example.com",
    "API.Example.COM",
    "api.example.com.",
    "a.wild.example",
    "a.b.wild.example",
    "bücher.example",
    "BÜCHER.example",
    "xn--bcher-kva.example",
    "ａpi.example.com",
  ])("allows %s", (host) => expect(allowed(host, LIST)).toBe(true));

  it.each([
    "",
    ".",
    "example.com",
    "x.api.example.com",
    "api.example.com..",
    ".api.example.com",
    "wild.example",
    "notwild.example",
    "wild.example.evil.com",
    "api.example.com.evil.com",
    "api.example.com@evil.com",
    "evil.com#api.example.com",
    "evil.com/api.example.com",
    "evil.com\\api.example.com",
    "evil.com\0.wild.example",
    "evil.com%00.wild.example",
    "api%2eexample.com",
    "a b.wild.example",
    "*.wild.example",
    "127.0.0.1",
    "2130706433",
    "0x7f.1",
    "0177.0.0.1",
    "[::1]",
    "::1",
    "localhost",
  ])("refuses %j", (host) => expect(allowed(host, LIST)).toBe(false));

  it("refuses every address, however it is written, even where it is listed", () => {
    fc.assert(fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => !allowed(address, [address, `*.${address}`])));
    fc.assert(fc.property(fc.ipV4Extended(), (address) => !allowed(address, [address])));
  });

  it("allows nothing without a list", () => {
    fc.assert(fc.property(fc.domain(), (host) => !allowed(host, [])));
  });

  it("allows a host that is listed in any spelling, and below a wildcard but not at it", () => {
    fc.assert(
      fc.property(fc.domain(), fc.stringMatching(/^[a-z][a-z0-9]{0,9}$/), (host, label) => {
        fc.pre(canonicalHost(host) !== null);
        expect(allowed(host.toUpperCase(), [host])).toBe(true);
        expect(allowed(`${host}.`, [host])).toBe(true);
        expect(allowed(`${label}.${host}`, [`*.${host}`])).toBe(true);
        expect(allowed(host, [`*.${host}`])).toBe(false);
        expect(allowed(`${label}.${host}`, [host])).toBe(false);
        expect(allowed(`${label}${host}`, [`*.${host}`])).toBe(false);
      }),
    );
  });
});

describe("canonicalHost", () => {
  it("gives one lower-case ASCII spelling that is its own, and never an address", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.domain(), fc.ipV4Extended()), (text) => {
        const name = canonicalHost(text);
        if (name !== null) {
          expect(name).toMatch(/^[a-z0-9_.-]+$/);
          expect(canonicalHost(name)).toBe(name);
          expect(isIP(name)).toBe(0);
        }
      }),
    );
  });
});

describe("parseAuthority", () => {
  it.each([
    ["Api.Example.com", { host: "api.example.com", port: 80 }],
    ["api.example.com:443", { host: "api.example.com", port: 443 }],
  ])("reads %s", (text, authority) => expect(parseAuthority(text, 80)).toEqual(authority));

  it.each([
    "",
    ":80",
    "a.b:",
    "a.b:0",
    "a.b:65536",
    "a.b:80:80",
    "a.b:+80",
    "a.b:8e1",
    "u:p@a.b",
    "[::1]:80",
    "1.1.1.1:443",
  ])("refuses %j", (text) => expect(parseAuthority(text, 80)).toBeNull());
  it("needs a port where there is no other", () => expect(parseAuthority("a.example", 0)).toBeNull());
});
