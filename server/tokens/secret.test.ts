import { createSecretKey } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hashToken, newTokenSecret, tokenIdOf } from "#server/tokens/secret.ts";

const key = (fill: number) => createSecretKey(Buffer.alloc(32, fill));

describe("token text", () => {
  it("AUTH-8 carries the asked-for entropy and the id it is looked up by", () => {
    fc.assert(
      fc.property(fc.integer({ min: 16, max: 128 }), (bytes) => {
        const { id, text, last4 } = newTokenSecret(bytes);
        expect(tokenIdOf(text)).toBe(id);
        expect(text.endsWith(last4)).toBe(true);
        const secret = text.slice(`ocg_${id}_`.length, -6);
        expect(Buffer.from(secret, "base64url").length).toBe(bytes);
      }),
    );
  });

  it("AUTH-1 a mistyped token is recognised as such without a look-up", () => {
    const { text } = newTokenSecret(32);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom(..."abcXYZ019"), (at, other) => {
        fc.pre(text[at] !== other);
        expect(tokenIdOf(text.slice(0, at) + other + text.slice(at + 1))).toBeNull();
      }),
    );
  });

  it("junk is no token", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (junk) => {
        expect(tokenIdOf(junk)).toBeNull();
      }),
    );
    expect(tokenIdOf(`ocg_${"a".repeat(12)}_${"b".repeat(5000)}`)).toBeNull();
  });

  it("AUTH-1 hashes depend on the pepper and on every character", () => {
    const { text } = newTokenSecret(32);
    const hash = hashToken(key(1), text);
    expect(hash.length).toBe(32);
    expect(hash.equals(hashToken(key(2), text))).toBe(false);
    expect(hash.equals(hashToken(key(1), `${text} `))).toBe(false);
  });
});
