import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson } from "#server/audit/canonical-json.ts";

describe("canonicalJson", () => {
  test("AUD-4 RFC 8785 §3.2: literals, numbers, strings and key order", () => {
    const input: unknown = JSON.parse(
      String.raw`{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`,
    );
    expect(canonicalJson(input)).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
    const keys: unknown = JSON.parse(
      String.raw`{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7,"10":8,"9":9}`,
    );
    expect([...canonicalJson(keys).matchAll(/:(\d)/g)].map((match) => match[1]).join("")).toBe("248967153");
  });

  test("AUD-4 nests deeper than any stack are written", () => {
    const depth = 100_000;
    const text = '[{"a":'.repeat(depth) + "1" + "}]".repeat(depth);
    expect(canonicalJson(JSON.parse(text)) === text).toBe(true);
  });

  test("property: reads back as the same value, whatever the order of keys", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const text = canonicalJson(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(reversed(value))).toBe(text);
      }),
    );
  });
});

function reversed(value: unknown): unknown {
  if (typeof value !== "object" || value === null) {
    return value;
  }
  return Array.isArray(value)
    ? value.map(reversed)
    : Object.fromEntries(
        Object.entries(value)
          .map(([key, inner]) => [key, reversed(inner)] as const)
          .reverse(),
      );
}
