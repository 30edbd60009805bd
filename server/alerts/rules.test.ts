import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  eventNames,
  fitsAll,
  meansNothing,
  isLike,
  subjectOf,
  weightOf,
  type SeenEvent,
} from "#server/alerts/matching.ts";
import { BUILTIN_RULES } from "#server/alerts/rules/builtin.ts";
import { RuleDraft } from "#server/alerts/schema.ts";
import { slidingSums } from "#server/alerts/preview/simulate.ts";
import { dueAt, waitAfter, RETRY_TIMING } from "#server/alerts/timing.ts";
import { cleanResponse, outcomeOfStatus } from "#server/alerts/deliver/outcome.ts";
import { numberText, spanText } from "#server/alerts/summary.ts";
import { meaningOf } from "#server/audit/events.ts";

const none = { events: [], kinds: [], severity: null, outcome: null };
const seen: SeenEvent = {
  seq: 1,
  at: 0,
  event: "auth.sign_in_failed",
  outcome: "denied",
  actorType: "anonymous",
  actorId: "192.0.2.7",
  userId: null,
  address: "192.0.2.7",
  channel: null,
  target: "a\u202eb\nc",
  data: {},
};

describe("MON-2 which events a rule means", () => {
  test("by name, by beginning, by kind, and by severity", () => {
    expect(eventNames({ ...none, events: ["backup.failed"] })).toEqual(["backup.failed"]);
    expect(eventNames({ ...none, events: ["backup.*"] })).toContain("backup.verified");
    const grave = eventNames({ ...none, kinds: ["suspicious_activity"], severity: "error" });
    expect(grave).toContain("audit.integrity_failed");
    expect(grave).not.toContain("file.suspicious");
    expect(grave.every((name) => meaningOf(name).kind === "suspicious_activity")).toBe(true);
  });
  test("never what alerts record themselves", () => {
    expect(eventNames(none).filter((name) => name.startsWith("alert."))).toEqual([]);
    expect(eventNames({ ...none, events: ["alert.fired"] })).toEqual([]);
  });
  test("a subject is one visible line, and empty where the event names none", () => {
    expect(subjectOf(seen, "address")).toBe("address:192.0.2.7");
    expect(subjectOf(seen, "user")).toBe("");
    expect(subjectOf(seen, null)).toBe("");
    expect(subjectOf(seen, "target")).toBe("target:abc");
  });
  test("a record of a flood counts for all it stands for", () => {
    expect(weightOf(seen)).toBe(1);
    expect(weightOf({ data: { count: 40 } })).toBe(40);
    expect(weightOf({ data: { count: "40" } })).toBe(1);
    expect(weightOf({ data: { count: -3 } })).toBe(1);
  });
});

describe("MON-2 silences", () => {
  const labels = {
    rule: "Many failed sign-ins",
    severity: "error",
    subject: "address:192.0.2.7",
    condition: "event",
  } as const;
  test("all matchers have to fit", () => {
    const rule = { label: "rule", operator: "is", value: labels.rule } as const;
    expect(fitsAll([rule], labels)).toBe(true);
    expect(fitsAll([rule, { label: "subject", operator: "like", value: "address:*" }], labels)).toBe(true);
    expect(fitsAll([rule, { label: "severity", operator: "is_not", value: "error" }], labels)).toBe(false);
  });
  test("one without matchers fits nothing", () => expect(fitsAll([], labels)).toBe(false));

  test("property: a pattern means what the regular expression means that has .* for each *", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b", "*"), maxLength: 8 });
    fc.assert(
      fc.property(letters, letters, (text, pattern) => {
        const plain = text.replaceAll("*", "c");
        const expression = new RegExp(`^${pattern.split("*").join(".*")}$`, "s");
        expect(isLike(plain, pattern)).toBe(expression.test(plain));
      }),
    );
  });
});

describe("MON-2 when notifications go out", () => {
  test("after the wait of a group, and not sooner than its interval", () => {
    const timing = { waitMs: 10, intervalMs: 100 };
    expect(dueAt(1000, null, timing)).toBe(1010);
    expect(dueAt(1000, 950, timing)).toBe(1050);
    expect(dueAt(1000, 100, timing)).toBe(1010);
  });
  test("property: attempts are bounded, waits are positive and at least what the receiver asks for", () => {
    const whole = fc.integer({ min: 1, max: 40 });
    const chance = fc.double({ min: 0, max: 0.999, noNaN: true });
    fc.assert(
      fc.property(whole, fc.option(fc.integer({ min: 0, max: 3_600_000 })), chance, (attempt, asked, luck) => {
        const wait = waitAfter(attempt, asked, luck);
        if (attempt >= RETRY_TIMING.attempts) {
          expect(wait).toBeNull();
        } else {
          expect(wait).toBeGreaterThanOrEqual(Math.max(asked ?? 0, RETRY_TIMING.firstMs * 0.8));
          expect(wait).toBeLessThanOrEqual(Math.max(asked ?? 0, RETRY_TIMING.longestMs * 1.2));
        }
      }),
    );
  });
  test.each([
    [200, "sent"],
    [204, "sent"],
    [301, "again"],
    [308, "again"],
    [400, "refused"],
    [401, "again"],
    [404, "again"],
    [410, "gone"],
    [413, "refused"],
    [429, "again"],
    [500, "again"],
    [503, "again"],
  ])("an answer of %i means %s", (status, result) => expect(outcomeOfStatus(status).result).toBe(result));
  test("no secret and no control character of an answer stays in the log", () => {
    const text = cleanResponse("no: https://hooks.test/T0/secret-path\u001b[31m\r\nbye", [
      "https://hooks.test/T0/secret-path",
      "secret-path",
    ]);
    expect(text).toBe("no: [secret] [31m bye");
    expect(cleanResponse("x".repeat(5000), []).length).toBe(500);
  });
});

test("MON-2 property: sums over a sliding window are those of counting anew", () => {
  const mark = fc.record({ at: fc.integer({ min: 0, max: 200 }), weight: fc.integer({ min: 1, max: 5 }) });
  fc.assert(
    fc.property(
      fc.array(mark),
      fc.array(fc.integer({ min: 0, max: 250 })),
      fc.integer({ min: 1, max: 60 }),
      (marks, at, window) => {
        const sorted = [...marks].sort((a, b) => a.at - b.at);
        const times = [...at].sort((a, b) => a - b);
        const anew = times.map((time) =>
          marks.reduce((sum, one) => sum + (one.at <= time && one.at > time - window ? one.weight : 0), 0),
        );
        expect(slidingSums(sorted, times, window)).toEqual(anew);
      },
    ),
  );
});

test("spans and numbers are told in words that are short", () => {
  expect([spanText(90_000), spanText(300_000), spanText(86_400_000), spanText(5_400_000)]).toEqual([
    "90 s",
    "5 min",
    "1 d",
    "90 min",
  ]);
  expect([numberText(3), numberText(0.1 + 0.2), numberText(1234567.891)]).toEqual(["3", "0.3", "1234570"]);
});

describe("MON-2 rules that come with the product", () => {
  test("are sound, have names of their own, and watch for events that the record knows", () => {
    expect(new Set(BUILTIN_RULES.map(({ key }) => key)).size).toBe(BUILTIN_RULES.length);
    expect(new Set(BUILTIN_RULES.map(({ rule }) => rule.name.toLowerCase())).size).toBe(BUILTIN_RULES.length);
    for (const { rule } of BUILTIN_RULES) {
      expect(RuleDraft.parse(rule)).toEqual(rule);
      const { condition } = rule;
      expect(condition.type === "event" ? condition.match.events.filter(meansNothing) : []).toEqual([]);
      expect(condition.type === "event" ? eventNames(condition.match).length : 1).toBeGreaterThan(0);
    }
  });
});
