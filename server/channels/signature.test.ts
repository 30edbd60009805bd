import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { freshness, fromBase64, fromHex, hmacMatches, sameSecret } from "./signature.ts";

const macOf = (key: string, data: string) => createHmac("sha256", key).update(data).digest();

describe("hmacMatches", () => {
  it("RFC 4231 test case 2", () => {
    const given = Buffer.from("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", "hex");
    expect(hmacMatches("sha256", "Jefe", ["what do ya want ", Buffer.from("for nothing?")], given)).toBe(true);
  });

  it("a blank key proves nothing, not even its own HMAC", () => {
    expect(hmacMatches("sha256", "", ["text"], macOf("", "text"))).toBe(false);
    expect(hmacMatches("sha256", Buffer.alloc(0), ["text"], macOf("", "text"))).toBe(false);
  });

  it("any other body, key or length of a signature fails", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string(), fc.string(), (key, data, other) => {
        const mac = macOf(key, data);
        expect(hmacMatches("sha256", key, [data], mac)).toBe(true);
        expect(hmacMatches("sha256", key, [other], mac)).toBe(other === data);
        expect(hmacMatches("sha256", `${key}x`, [data], mac)).toBe(false);
        expect(hmacMatches("sha256", key, [data], mac.subarray(0, 31))).toBe(false);
        expect(hmacMatches("sha256", key, [data], Buffer.concat([mac, Buffer.alloc(1)]))).toBe(false);
      }),
    );
  });
});

describe("encodings have one spelling", () => {
  it("hexadecimal: lower case, exact length", () => {
    const bytes = Buffer.from([0xab, 0xcd, 0x01]);
    expect(fromHex("abcd01", 3)).toEqual(bytes);
    for (const text of ["ABCD01", "abcd0", "abcd0101", "abcd0g", " abcd01", "abcd01\n", "", "q80B"]) {
      expect(fromHex(text, 3), text).toBeNull();
    }
  });

  it("base64: standard alphabet, padded, no stray bits", () => {
    const bytes = Buffer.from([0xfb, 0xff, 0x01, 0x02]);
    expect(fromBase64("+/8BAg==", 4)).toEqual(bytes);
    for (const text of ["-_8BAg==", "+/8BAg", "+/8BAh==", "+/8BAg==\n", " +/8BAg==", "fbff0102", ""]) {
      expect(fromBase64(text, 4), text).toBeNull();
    }
  });

  it("whatever text: null, or the bytes that are written exactly so", () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(64), (text, bytes) => {
        expect(fromHex(text, bytes)?.toString("hex") ?? text).toBe(text);
        expect(fromBase64(text, bytes)?.toString("base64") ?? text).toBe(text);
      }),
    );
  });
});

describe("sameSecret", () => {
  it("equal texts only, and never blank ones", () => {
    expect(sameSecret("pässword", "pässword")).toBe(true);
    expect(sameSecret("password", "passwore")).toBe(false);
    expect(sameSecret("password", "password ")).toBe(false);
    expect(sameSecret("", "")).toBe(false);
  });
});

describe("freshness", () => {
  const now = 1_700_000_000_000;
  const stale = { ok: false, reason: "timestamp_stale" };

  it("the window is open on both sides, its edge included", () => {
    expect(freshness("1700000000", now, 300_000)).toEqual({ ok: true });
    expect(freshness("1699999700", now, 300_000)).toEqual({ ok: true });
    expect(freshness("1700000300", now, 300_000)).toEqual({ ok: true });
    expect(freshness("1699999699", now, 300_000)).toEqual(stale);
    expect(freshness("1700000301", now, 300_000)).toEqual(stale);
  });

  it("no time, or none in whole seconds", () => {
    expect(freshness(undefined, now, 300_000)).toEqual({ ok: false, reason: "timestamp_missing" });
    expect(freshness("", now, 300_000)).toEqual({ ok: false, reason: "timestamp_missing" });
    for (const text of ["1700000000.5", "1.7e9", "0x6553f100", " 1700000000", "1700000000, 1700000000", "NaN", "-1"]) {
      expect(freshness(text, now, 300_000), text).toEqual(stale);
    }
  });
});
