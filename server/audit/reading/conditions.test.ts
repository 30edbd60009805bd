import { describe, expect, test } from "vitest";
import { conditionsOf } from "#server/audit/reading/conditions.ts";
import { AUDIT_EVENTS, type AuditEventName } from "#server/audit/events.ts";
import { AuditFilter, namesOf } from "#server/audit/filter.ts";

const names = Object.keys(AUDIT_EVENTS) as AuditEventName[];

describe("conditions of a search", () => {
  test("AUD-6 what makes a partial index fit stands in the text, everything a stranger wrote in a parameter", () => {
    const quote = "'; DROP TABLE audit_event; --";
    const { where, values, branches } = conditionsOf({
      ...{ actor: quote, user: quote, channel: quote, target: quote, tokenId: quote, address: quote },
      ...{ requestId: quote, correlationId: quote, reason: quote },
      level: "error",
      outcome: "denied",
    });
    expect(where).not.toContain(quote);
    expect(values).toEqual(Array.from({ length: 9 }, () => quote));
    expect(where).toContain("severity IN ('error', 'critical')");
    expect(where).toContain("outcome <> 'ok' AND outcome = 'denied'");
    expect(branches).toEqual(["true"]);
    expect(conditionsOf({ level: "warn" }).where).toBe("severity <> 'info'");
    expect(conditionsOf({}).where).toBe("true");
  });

  test("AUD-6 an actor is looked up by type where that is what is named", () => {
    expect(conditionsOf({ actor: "operator" }).where).toBe("actor_type = $1");
    expect(conditionsOf({ actor: "operator1" }).where).toBe("actor_id = $1");
  });

  test("AUD-6 one walk for each kind that is wanted whole, and for each single event", () => {
    expect(conditionsOf({ event: "authentication" }).branches).toEqual([
      "kind = 'authentication_failure'",
      "kind = 'authentication'",
    ]);
    expect(conditionsOf({ event: "run.ended" }).branches).toEqual(["event = 'run.ended'"]);
    expect(conditionsOf({ kind: "errors" }).branches).toEqual(["kind = 'errors'"]);
    expect(conditionsOf({ event: "sandbox_escape", level: "critical" }).branches).toEqual(["kind = 'sandbox_escape'"]);
    expect(conditionsOf({ event: "run.ended", user: "u" }).branches).toEqual(["event IN ('run.ended')"]);
    expect(conditionsOf({ event: "run.ended", level: "warn" }).branches).toEqual([]);
  });
});

describe("what a filter may hold", () => {
  test.each([
    ["an empty text", { user: " " }],
    ["a long text", { target: "x".repeat(201) }],
    ["a NUL character", { channel: "a\0b" }],
    ["a kind that does not exist", { kind: "nothing" }],
    ["a time that is none", { since: new Date(NaN) }],
    ["a cursor before the first row", { before: 0 }],
    ["too many at once", { limit: 1_001 }],
    ["a field that does not exist", { text: "x" }],
  ])("AUD-6 not %s", (_name, filter) => {
    expect(AuditFilter.safeParse(filter).success).toBe(false);
  });

  test("AUD-6 names follow from name, kind and severity", () => {
    expect(namesOf({})).toBeUndefined();
    expect(namesOf({ level: "info" })).toEqual(names);
    expect(namesOf({ event: "authentication", level: "error" })).toEqual([]);
    expect(namesOf({ level: "critical" })).toEqual(names.filter((name) => AUDIT_EVENTS[name].severity === "critical"));
    expect(namesOf({ event: "token", kind: "suspicious_activity" })).toEqual(["token.reuse_detected"]);
    expect(() => namesOf({ event: "%" })).toThrow(/docs\/audit-events\.md/);
  });
});
