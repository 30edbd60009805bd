import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sanitizeData, sanitizeText } from "#server/audit/sanitize.ts";
import type { AuditValue } from "#server/audit/schema.ts";

// eslint's no-control-regex does not see escapes built from text.
const INVISIBLE = new RegExp(
  "[\\u0000-\\u001f\\u007f-\\u009f\\u061c\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff]",
);
const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 1200 }),
  fc.string({ unit: "grapheme", maxLength: 700 }),
);
const anything = fc.anything({
  key: fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "toJSON", "length")),
  maxDepth: 8,
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
});

function eachValue(value: AuditValue, visit: (value: AuditValue, depth: number) => void, depth = 0): void {
  visit(value, depth);
  if (typeof value === "object" && value !== null) {
    Object.values(value).forEach((inner: AuditValue) => eachValue(inner, visit, depth + 1));
  }
}

describe("sanitizeText", () => {
  test("AUD-10 ASVS 16.4.1 a header cannot forge a line, drive a terminal or hide text", () => {
    expect(sanitizeText("curl/8.1\r\n2026-01-01 login ok user=admin")).toBe(
      "curl/8.1\\u000d\\u000a2026-01-01 login ok user=admin",
    );
    expect(sanitizeText("\u001b[2J\u001b]0;owned\u0007")).toBe("\\u001b[2J\\u001b]0;owned\\u0007");
    expect(sanitizeText("admin\u202egnp.exe\u0000")).toBe("admin\\u202egnp.exe\\u0000");
    expect(sanitizeText("ad\u200bmin\ufeff\u009b31m")).toBe("ad\\u200bmin\\ufeff\\u009b31m");
  });

  test("keeps ordinary text of any script as it is", () => {
    for (const text of ["", "plain text", "Zoë Ångström", "中文", "family 👨 pair", "a".repeat(512)]) {
      expect(sanitizeText(text)).toBe(text);
    }
  });

  test("cuts at the limit with a mark, never inside a pair", () => {
    expect(sanitizeText("a".repeat(513))).toBe(`${"a".repeat(511)}…`);
    expect(sanitizeText(`${"a".repeat(510)}👨👨`)).toBe(`${"a".repeat(510)}…`);
    expect(sanitizeText("x".repeat(10_000_000))).toHaveLength(512);
  });

  test("property: visible, well formed, bounded, and stable when applied again", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const clean = sanitizeText(text);
        expect(clean.length).toBeLessThanOrEqual(512);
        expect(INVISIBLE.test(clean)).toBe(false);
        expect(clean.isWellFormed()).toBe(true);
        expect(sanitizeText(clean)).toBe(clean);
      }),
    );
  });
});

describe("sanitizeData", () => {
  test("property: never throws and gives bounded JSON of integers, strings, booleans and null", () => {
    fc.assert(
      fc.property(anything, (data) => {
        const clean = sanitizeData(data);
        expect(JSON.parse(JSON.stringify(clean))).toEqual(clean);
        let values = 0;
        eachValue(clean, (value, depth) => {
          values += 1;
          expect(depth).toBeLessThanOrEqual(5);
          if (typeof value === "number") {
            expect(Number.isSafeInteger(value)).toBe(true);
          }
          if (typeof value === "string") {
            expect(sanitizeText(value)).toBe(value);
          }
        });
        expect(values).toBeLessThanOrEqual(128 + 64);
      }),
      { numRuns: 500 },
    );
  });

  test("what is no JSON becomes text", () => {
    expect(
      sanitizeData({
        cpu: 1.5,
        nothing: NaN,
        zero: -0,
        big: 2n ** 70n,
        small: 7n,
        at: new Date(0),
        never: new Date(NaN),
        error: new TypeError("bad\nthing"),
        bytes: new Uint8Array(10_000_000),
        call: () => 1,
        gone: undefined,
      }),
    ).toEqual({
      cpu: "1.5",
      nothing: "NaN",
      zero: 0,
      big: "1180591620717411303424",
      small: 7,
      at: "1970-01-01T00:00:00.000Z",
      never: "[invalid date]",
      error: "bad\\u000athing",
      bytes: "[binary, 10000000 bytes]",
      call: "[function]",
    });
    expect(sanitizeData(["a"])).toEqual({ value: ["a"] });
    expect(sanitizeData(undefined)).toEqual({});
  });

  test("values that fight back are named, not thrown", () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    const trap = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error("no");
        },
        getPrototypeOf: () => {
          throw new Error("no");
        },
      },
    );
    const getter = Object.defineProperty({}, "secret", {
      enumerable: true,
      get: () => {
        throw new Error("no");
      },
    });
    expect(JSON.stringify(sanitizeData({ cycle }))).toContain("[too deep]");
    expect(sanitizeData({ trap, getter })).toEqual({ trap: "[unreadable]", getter: "[unreadable]" });
  });

  test("a million members cost nothing", () => {
    const wide = Object.fromEntries(Array.from({ length: 200_000 }, (_, index) => [`key${index}`, index]));
    expect(Object.keys(sanitizeData(wide)).length).toBeLessThanOrEqual(129);
    expect(JSON.stringify(sanitizeData({ list: Array.from({ length: 1_000_000 }, () => 1) })).length).toBeLessThan(
      1000,
    );
    const long = Array.from({ length: 1_000 }, () => "x".repeat(1_000));
    expect(JSON.stringify(sanitizeData(long)).length).toBeLessThan(12_000);
  });

  test("a key cannot reach a prototype", () => {
    const clean = sanitizeData(JSON.parse('{"__proto__":{"admin":true}}'));
    expect(Object.getPrototypeOf(clean)).toBe(Object.prototype);
    expect(clean).toEqual({ "[__proto__]": { admin: true } });
  });
});
