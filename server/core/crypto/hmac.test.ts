import { createHash, createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hmacSha256, rowHashes } from "#server/core/crypto/hmac.ts";

describe("hmacSha256", () => {
  test("AUD-4 RFC 4231 test cases 1 and 2", () => {
    const hex = (key: Buffer, text: string): string => hmacSha256(key, Buffer.alloc(0), text).toString("hex");
    expect(hex(Buffer.alloc(20, 0x0b), "Hi There")).toBe(
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    );
    expect(hex(Buffer.from("Jefe"), "what do ya want for nothing?")).toBe(
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    );
  });

  test("property: equals node's own HMAC", () => {
    const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));
    fc.assert(
      fc.property(bytes(64), bytes(40), fc.string({ unit: "grapheme", maxLength: 6000 }), (key, prefix, text) => {
        expect(hmacSha256(key, prefix, text)).toEqual(
          createHmac("sha256", key).update(prefix).update(text, "utf8").digest(),
        );
      }),
    );
  });

  test("property: the three hashes of a row equal node's own", () => {
    const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((array) => Buffer.from(array));
    fc.assert(
      fc.property(bytes32, bytes32, fc.string({ unit: "grapheme", maxLength: 6000 }), (key, previous, inside) => {
        const text = `{${inside}}`;
        const tail = (hash: Buffer): string => `,"hash":"${hash.toString("hex")}"}`;
        const { hash, nextKey, leaf } = rowHashes(key, previous, text, "label", tail);
        expect(hash).toEqual(createHmac("sha256", key).update(previous).update(text, "utf8").digest());
        expect(nextKey).toEqual(createHmac("sha256", key).update("label").digest());
        const line = text.toWellFormed().slice(0, -1) + tail(hash);
        expect(leaf).toEqual(createHash("sha256").update("\0").update(line, "utf8").digest());
      }),
    );
  });

  test("refuses a key it would have to hash first", () => {
    expect(() => hmacSha256(Buffer.alloc(65), Buffer.alloc(0), "")).toThrow(RangeError);
  });
});
