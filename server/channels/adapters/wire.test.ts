import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clip, platformId, readJson, readText, shownName } from "./wire.ts";

describe("what adapters read", () => {
  it("a clipped text is a whole one: no half character, no NUL, never longer", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "binary-ascii" })),
        fc.nat(20),
        (text, max) => {
          const cut = clip(text, max);
          expect(cut.length).toBeLessThanOrEqual(max);
          expect(cut.isWellFormed()).toBe(true);
          expect(cut).not.toContain("\0");
          expect(text.replaceAll("\0", "\uFFFD").toWellFormed().startsWith(cut)).toBe(true);
        },
      ),
    );
    expect(clip("a😀b", 2)).toBe("a");
    expect(clip("a😀b", 3)).toBe("a😀");
  });

  it("an id is printable and has no blanks", () => {
    for (const id of ["", " ", "a b", "a\0", "a\n", "ä", "\u200b", "x".repeat(201)]) {
      expect(platformId.safeParse(id).success, id).toBe(false);
    }
    expect(platformId.safeParse("U024BE7LH").success).toBe(true);
  });

  it("bytes that are not UTF-8 are no text, and no JSON", () => {
    expect(readText(Buffer.from([0xff, 0x22]))).toBeUndefined();
    expect(readJson(Buffer.from([0x22, 0xc3, 0x22]))).toBeUndefined();
    expect(readJson(Buffer.from('{"a":"ä"}'))).toEqual({ a: "ä" });
    expect(readJson(Buffer.alloc(0))).toBeUndefined();
  });

  it("a name of nothing is none", () => {
    expect(shownName(undefined)).toBeNull();
    expect(shownName("  ")).toBeNull();
    expect(shownName(" Ada ")).toBe("Ada");
    expect(shownName("x".repeat(500))).toHaveLength(200);
  });
});
