import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitText } from "#server/channels/split.ts";

const units = (text: string): number => text.length;
const points = (text: string): number => [...text].length;
const split = (text: string, max: number, measure = units): string[] => splitText(text, { max, measure });

/** Pieces that a careless cut would go wrong at. */
const texts = fc
  .array(fc.constantFrom("a", "word ", "\n", "😀", "é", "line of text\n", "x".repeat(70), " ", "`"), { maxLength: 200 })
  .map((pieces) => pieces.join("").replaceAll("```", "` ` `"));

describe("splitText", () => {
  it("loses and adds nothing outside of fences, and no part is too long", () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 64, max: 300 }), fc.constantFrom(units, points), (text, max, measure) => {
        const parts = split(text, max, measure);
        expect(parts.join("")).toBe(text);
        for (const part of parts) {
          expect(measure(part)).toBeLessThanOrEqual(max);
          expect(part).not.toBe("");
        }
      }),
    );
  });

  it("never cuts a surrogate pair", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 130 }), fc.integer({ min: 64, max: 70 }), (before, max) => {
        for (const part of split("a".repeat(before) + "😀".repeat(100), max)) {
          expect(part.isWellFormed()).toBe(true);
        }
      }),
    );
  });

  it("closes a fence at the end of a part and opens it again, with its language; every line of code is there once", () => {
    const line = fc.stringMatching(/^[a-z =()]{0,40}$/).filter((code) => code.trim() !== "");
    fc.assert(
      fc.property(fc.array(line, { minLength: 5, maxLength: 60 }), fc.integer({ min: 100, max: 300 }), (lines, max) => {
        const parts = split(`before\n\`\`\`python\n${lines.join("\n")}\n\`\`\`\nafter`, max);
        for (const part of parts) {
          expect(part.length).toBeLessThanOrEqual(max);
          expect(part.split("\n").filter((one) => one.startsWith("```")).length % 2).toBe(0);
        }
        const code = parts
          .join("\n")
          .split("\n")
          .filter((one) => !one.startsWith("```") && one !== "");
        expect(code).toEqual(["before", ...lines, "after"]);
      }),
    );
    const [, second] = split(`\`\`\`python\n${"x = 1\n".repeat(50)}\`\`\``, 100);
    expect(second?.startsWith("```python\nx = 1")).toBe(true);
  });

  it("prefers the end of a line, then a blank", () => {
    expect(split(`${"a".repeat(50)}\n${"b".repeat(50)}`, 80)).toEqual([`${"a".repeat(50)}\n`, "b".repeat(50)]);
    expect(split(`${"a".repeat(50)} ${"b".repeat(50)}`, 80)).toEqual([`${"a".repeat(50)} `, "b".repeat(50)]);
  });
});
