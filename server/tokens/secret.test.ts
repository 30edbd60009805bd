import { createSecretKey } from "node:crypto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { derivedTokenSecret, hashRetryKey, hashToken, newTokenSecret, tokenIdOf } from "#server/tokens/secret.ts";

/** The example of docs/tokens.md: made of zero bytes, so no secret. */
const EXAMPLE = "ocg_000000000000_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA379fOs";

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

  it("AUTH-1 matches the expression and checksum that the documentation gives to secret scanners", () => {
    const documented = readFileSync("docs/tokens.md", "utf8");
    const expression = /^ocg_.*$/m.exec(documented)?.[0] ?? "nothing";
    const { text } = newTokenSecret(32);
    expect(new RegExp(`^${expression}$`).test(text)).toBe(true);
    expect(documented).toContain(EXAMPLE);
    expect(tokenIdOf(EXAMPLE)).not.toBeNull();
  });
});

describe("a secret that is put together again", () => {
  const source = { replaces: newTokenSecret(32).text, key: "a key of the caller", entropyBytes: 32 };
  const id = "0123456789ab";

  it("AUTH-6 is the same for the same request and another one when anything differs", () => {
    const { text } = derivedTokenSecret(key(1), id, source);
    expect(derivedTokenSecret(key(1), id, { ...source }).text).toBe(text);
    expect(tokenIdOf(text)).toBe(id);
    const others = [
      derivedTokenSecret(key(2), id, source),
      derivedTokenSecret(key(1), "ba9876543210", source),
      derivedTokenSecret(key(1), id, { ...source, key: "a key of the callers" }),
      derivedTokenSecret(key(1), id, { ...source, replaces: newTokenSecret(32).text }),
      derivedTokenSecret(key(1), id, { ...source, entropyBytes: 33 }),
    ];
    expect(new Set([text, ...others.map((other) => other.text)].map((one) => one.slice(17, -6))).size).toBe(6);
  });

  it("AUTH-8 has the asked-for length", () => {
    fc.assert(
      fc.property(fc.integer({ min: 16, max: 128 }), (entropyBytes) => {
        const { text } = derivedTokenSecret(key(1), id, { ...source, entropyBytes });
        expect(Buffer.from(text.slice(17, -6), "base64url").length).toBe(entropyBytes);
      }),
    );
  });

  it("AUTH-6 parts cannot be moved from one into the next", () => {
    expect(hashRetryKey(key(1), "ab", "cd").equals(hashRetryKey(key(1), "abc", "d"))).toBe(false);
    expect(hashRetryKey(key(1), "ab", "cd").equals(hashRetryKey(key(2), "ab", "cd"))).toBe(false);
  });
});
