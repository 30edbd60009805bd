/** Our parser against the reference implementation, and against junk. */
import fc from "fast-check";
import JSON5 from "json5";
import { describe, expect, test } from "vitest";
import { parseJson5 } from "#server/config/json5/parse.ts";
import { positionAt } from "#server/config/json5/position.ts";
import { valueOf } from "#server/config/json5/value.ts";

function ours(text: string): { ok: boolean; value: unknown } {
  const { root, problems } = parseJson5(text);
  return problems.length === 0 && root !== undefined
    ? { ok: true, value: valueOf(root) }
    : { ok: false, value: undefined };
}

function reference(text: string): { ok: boolean; value: unknown } {
  try {
    return { ok: true, value: JSON5.parse(text) };
  } catch {
    return { ok: false, value: undefined };
  }
}

/** Pieces that make valid, nearly valid and invalid JSON5 when strung together. */
const PIECES = [
  ..."{}[]:,'\"\\/*-+.0123eExaX \n\r\t",
  "a: 1",
  "key",
  "true",
  "null",
  "Infinity",
  "NaN",
  "0x1F",
  "1.5e3",
  ".5",
  "5.",
  "'it'",
  '"say"',
  "\\u0041",
  "\\x41",
  "\\\n",
  "// note\n",
  "/* note */",
  "\u00a0",
  "\u2028",
  "\u{feff}",
  "é",
  "🙂",
  "{a:[",
  "]}",
];

describe("reads what the reference reads", () => {
  test.each([
    "{a:1,}",
    "// c\n{/*y*/é:'it\\'s \\x41 \\u0041 \\0 \\v'}\n",
    "{'a\\\n b':+.5, \"b\":0xFF, c:[1,],}",
    "{a:Infinity,b:-Infinity,c:+1,d:-0x10}",
    "{null:1,true:2,Infinity:3}",
    "{$a_1:'x',\\u0061b:1}",
    "{\u00a0a:1\u2028}",
    "\u{feff}{a:1}",
    "{a:'\u2028'}",
    "{a:5.,b:.5e-1}",
    "'text'",
  ])("%j", (text) => {
    expect(ours(text)).toEqual(reference(text));
    expect(ours(text).ok).toBe(true);
  });

  test("printed values", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(undefined, 2, "\t"), (value, space) => {
        const text = JSON5.stringify(value, null, space);
        fc.pre(!text.includes("__proto__"));
        expect(JSON.stringify(ours(text).value)).toBe(JSON.stringify(reference(text).value));
      }),
    );
  });
});

describe("refuses what the reference refuses", () => {
  test.each([
    "",
    "{a:1 b:2}",
    "{a:",
    "[1,,2]",
    '{a:"x\n"}',
    "{a:01}",
    "{a:1}x",
    "{a:- 5}",
    "{a:tru}",
    "/* x",
    "{,}",
    "{1:2}",
    "{a:1]",
    "+",
    "1.5.2",
  ])("%j", (text) => expect([ours(text).ok, reference(text).ok]).toEqual([false, false]));

  test("random strings of pieces: the same verdict, the same value, never an exception", () => {
    const junk = fc.array(fc.constantFrom(...PIECES), { maxLength: 14 }).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(junk, (text) => {
        expect(JSON.stringify(ours(text))).toBe(JSON.stringify(reference(text)));
      }),
      { numRuns: 20_000 },
    );
  });

  test("any text at all never throws", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void parseJson5(text)));
  });
});

test("goes on behind a mistake and names each place", () => {
  const text = "{\n  a: 1\n  b: tru,\n  c: [1,,2],\n  'd': \"x\n}";
  const places = parseJson5(text).problems.map(({ offset, reason }) => [positionAt(text, offset).line, reason]);
  expect(places).toEqual([
    [2, "a comma is missing"],
    [3, "text must be in quotes"],
    [4, '"," stands where a value is expected'],
    [5, "a text is never closed"],
  ]);
});

test("hostile nesting is refused with little work", () => {
  const { problems } = parseJson5("[".repeat(200_000));
  expect(problems.map(({ reason }) => reason)).toContain("is nested deeper than 32 levels");
  expect(problems.length).toBeLessThanOrEqual(50);
});

test("positions count every kind of line end, and not the byte order mark", () => {
  expect(positionAt("a\r\nb\nc\rd", 7)).toEqual({ line: 4, column: 1 });
  expect(positionAt("\u{feff}ab", 2)).toEqual({ line: 1, column: 2 });
});
