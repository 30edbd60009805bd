import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { isPlainLine, openLine, sealLine } from "#server/audit/files/sealed-line.ts";
import { mirrorLine } from "#server/audit/mirror.ts";
import type { DataKey } from "#server/core/crypto/aead.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { sealedRows } from "../../../tests/support/record-rows.ts";

const PLACE = "Line 7 of /logs/audit.log";
const key: DataKey = { id: "0123456789ab", key: randomBytes(32) };

function ringOf(...keys: DataKey[]): Keyring {
  return {
    iterations: 1,
    list: () => [],
    accessTo: () => "",
    current: () => keys.at(-1) ?? key,
    find: (purpose, id) => (purpose === "audit-log" ? keys.find((one) => one.id === id) : undefined),
  };
}

const lines = sealedRows(41, 2).map(mirrorLine);
const [plain = "", other = ""] = lines;
const sealed = sealLine(key, 41, plain);

describe("a sealed line of the record", () => {
  test("AUD-3 opens to the line it was, names its place and key, and shows nothing of the row", () => {
    expect(openLine(ringOf(key), sealed, PLACE)).toBe(plain);
    expect(Object.keys(JSON.parse(sealed) as object)).toEqual(["seq", "key", "box"]);
    expect(sealed).toMatch(/^\{"seq":41,"key":"0123456789ab",/);
    expect(sealed).not.toContain("abcdefghijkl");
    expect(sealed).not.toContain(Buffer.from("abcdefghijkl").toString("base64").slice(0, 12));
    expect(isPlainLine(sealed)).toBe(false);
  });

  test("AUD-3 the same row sealed twice gives different lines", () => {
    expect(sealLine(key, 41, plain)).not.toBe(sealed);
  });

  test("AUD-3 a plain line is read without any key", () => {
    expect(openLine(null, plain, PLACE)).toBe(plain);
  });

  test("AUD-3 whichever single character is changed, the line is refused with its place", () => {
    const ring = ringOf(key);
    for (let at = 0; at < sealed.length; at += 1) {
      for (const replacement of ["0", "="]) {
        if (sealed[at] !== replacement) {
          const changed = sealed.slice(0, at) + replacement + sealed.slice(at + 1);
          expect(() => openLine(ring, changed, PLACE)).toThrow(PLACE);
        }
      }
    }
  });

  test("AUD-3 a cut line, a line under another number and a box from another line are refused", () => {
    const ring = ringOf(key);
    const refused = { code: "CANNOT_DECRYPT" };
    const moved = sealed.replace('"seq":41', '"seq":42');
    const swapped = sealLine(key, 42, other).replace('"seq":42', '"seq":41');
    for (const line of [moved, swapped]) {
      expect(() => openLine(ring, line, PLACE)).toThrow(expect.objectContaining(refused));
    }
    for (let length = 0; length < sealed.length; length += 7) {
      expect(() => openLine(ring, sealed.slice(0, length), PLACE)).toThrow(PLACE);
    }
  });

  test("AUD-3 without the keyring, or with one that lacks the key, the message says what is missing", () => {
    expect(() => openLine(null, sealed, PLACE)).toThrow("takes the keyring");
    const stranger = { id: "ffffffffffff", key: randomBytes(32) };
    expect(() => openLine(ringOf(stranger), sealed, PLACE)).toThrow("audit-log key 0123456789ab, which is not");
    expect(() => openLine(ringOf({ ...stranger, id: key.id }), sealed, PLACE)).toThrow("was changed or moved");
  });
});
