import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gradeOf, newSince, reaches, scoreOf, splitSuppressed } from "#server/scan/policy.ts";
import { SCAN_SEVERITIES } from "#server/scan/policy.ts";
import type { ScanFinding } from "#server/scan/schema.ts";
import { isScanDue } from "#server/scan/service.ts";
import { few, shellWord, shown } from "#server/scan/shown.ts";

const finding = fc.record({
  id: fc.constantFrom("a.x", "a.y", "b.z", "c.q"),
  severity: fc.constantFrom(...SCAN_SEVERITIES),
});
const findings = fc.array(finding, { maxLength: 60 });
const NOW = new Date("2026-11-26T12:00:00Z");
const whole = (change: Partial<ScanFinding> = {}): ScanFinding => ({
  id: "tls.expired",
  severity: "warn",
  area: "tls",
  title: "t",
  why: "w",
  subject: "gateway.tls.cert",
  evidence: "It expired.",
  configPath: null,
  location: null,
  fix: { text: "f", command: null },
  fingerprint: "1",
  fixable: false,
  ...change,
});

describe("MON-3 score", () => {
  test("nothing found is 100, A; the documented costs", () => {
    expect([scoreOf([]), gradeOf(100)]).toEqual([100, "A"]);
    expect(scoreOf([{ id: "a", severity: "info" }])).toBe(99);
    expect(scoreOf([{ id: "a", severity: "warn" }])).toBe(96);
    expect(scoreOf([{ id: "a", severity: "critical" }])).toBe(69);
    expect(scoreOf(Array.from({ length: 3 }, () => ({ id: "a", severity: "warn" as const })))).toBe(94);
    expect(scoreOf(Array.from({ length: 99 }, () => ({ id: "a", severity: "warn" as const })))).toBe(92);
    expect([89, 90, 80, 70, 69, 50, 49].map(gradeOf)).toEqual(["B", "A", "B", "C", "D", "D", "F"]);
  });

  test("it stays within 0 and 100, does not hang on the order, and no further finding raises it", () => {
    fc.assert(
      fc.property(findings, finding, (some, more) => {
        const score = scoreOf(some);
        expect(score).toBeGreaterThanOrEqual(0);
        expect(score).toBeLessThanOrEqual(100);
        expect(scoreOf(some.toReversed())).toBe(score);
        expect(scoreOf([...some, more])).toBeLessThanOrEqual(score);
      }),
    );
  });

  test("with a critical finding no grade is better than D", () => {
    fc.assert(
      fc.property(findings, (some) => /[DF]/.test(gradeOf(scoreOf([...some, { id: "z", severity: "critical" }])))),
    );
  });
});

test("MON-3 a threshold counts what is as bad or worse", () => {
  const of = (severity: ScanFinding["severity"]) =>
    (["critical", "warn", "info", "none"] as const).map((threshold) => reaches([{ severity }], threshold));
  expect(of("critical")).toEqual([true, true, true, false]);
  expect(of("warn")).toEqual([false, true, true, false]);
  expect(of("info")).toEqual([false, false, true, false]);
});

test("MON-3 a suppression covers its check, its text, and its time", () => {
  const rule = {
    id: "sup1",
    checkId: "tls.expired",
    match: null,
    reason: "r",
    until: new Date(NOW.getTime() + 1),
    createdBy: "ada",
  };
  const split = (change: Partial<typeof rule> | { match: string }, at = NOW) =>
    splitSuppressed([whole()], [{ ...rule, ...change }], at).suppressed.length;
  expect(split({})).toBe(1);
  expect(split({ match: "tls.cert" })).toBe(1);
  expect(split({ match: "other" })).toBe(0);
  expect(split({ checkId: "tls.expires_soon" })).toBe(0);
  expect(split({}, rule.until)).toBe(0);
});

test("MON-3 new is what was not there, and what got worse", () => {
  const before = [whole(), whole({ fingerprint: "2", severity: "critical" })];
  const now = [
    whole({ severity: "critical" }),
    whole({ fingerprint: "2", severity: "warn" }),
    whole({ fingerprint: "3" }),
  ];
  expect(newSince(now, before).map(({ fingerprint }) => fingerprint)).toEqual(["1", "3"]);
});

test("MON-3 the clock decides when a scan is due, also when it was set back", () => {
  const now = NOW.getTime();
  expect(isScanDue(null, now, 1000)).toBe(true);
  expect(isScanDue(new Date(now - 999), now, 1000)).toBe(false);
  expect(isScanDue(new Date(now - 1000), now, 1000)).toBe(true);
  expect(isScanDue(new Date(now + 9e9), now, 1000)).toBe(false);
});

describe("what others wrote", () => {
  test("shown is one visible line of bounded length, whatever comes in", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 900 }), (text) => {
        const line = shown(text, 100);
        expect(line.length).toBeLessThanOrEqual(100);
        expect(line).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
        expect(line.isWellFormed()).toBe(true);
      }),
    );
  });

  test("shellWord is one word of a shell, whatever comes in", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (text) => {
        const word = shellWord(text);
        const parts = word.startsWith("'")
          ? [...word.matchAll(/'([^']*)'|\\(')/g)].map(([, plain, quote]) => plain ?? quote)
          : [word];
        expect(parts.join("")).toBe(text);
      }),
    );
    expect(shellWord("-rf")).toBe("'-rf'");
    expect(few(["a", "b", "c", "d", "e"])).toBe("a, b, c and 2 more");
  });
});
