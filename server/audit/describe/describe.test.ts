import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { describeEntry } from "#server/audit/describe/describe.ts";
import { entityLinks, ruleLink, simulatorLink } from "#server/audit/describe/links.ts";
import { REASONS } from "#server/audit/describe/reasons.ts";
import { AUDIT_EVENTS, meaningOf, type AuditEventName } from "#server/audit/events.ts";
import type { AuditEntry } from "#server/audit/reading/query.ts";

const NAMES = Object.keys(AUDIT_EVENTS) as AuditEventName[];

const entry = (event: AuditEventName, rest: Partial<AuditEntry> = {}): AuditEntry => ({
  seq: 1,
  at: "2026-11-25T12:00:00.000Z",
  event,
  ...meaningOf(event),
  outcome: "ok",
  actorType: "token",
  actorId: "abcdefghijkl",
  address: undefined,
  because: undefined,
  channel: undefined,
  correlationId: undefined,
  reason: undefined,
  requestId: undefined,
  target: undefined,
  tokenId: undefined,
  userId: undefined,
  data: {},
  ...rest,
});

const denial = entry("access.denied", {
  outcome: "denied",
  userId: "user123",
  channel: "slack",
  reason: "permission_missing",
  because: 'role "user".permissions',
  tokenId: "abcdefghijkl",
  data: { command: "run", role: "user", permission: "runs:create" },
});

describe("an event in words", () => {
  test.each(NAMES)("%s has a title and a sentence, with or without its facts", (event) => {
    for (const facts of [{}, { ...denial, event }]) {
      const { title, sentence } = describeEntry(entry(event, facts));
      expect(title).toMatch(/^[A-Z][\w ,:'’-]{3,40}$/);
      expect(sentence).toMatch(/^(user123|[A-Z]).*\.$/s);
      expect(`${title} ${sentence}`).not.toMatch(/undefined|null|\[object|NaN| {2}/);
    }
  });

  test("says who was refused what, where, and for lack of what", () => {
    expect(describeEntry(denial).sentence).toBe(
      "user123 was refused the command /run on slack: role “user” lacks “runs:create”.",
    );
  });

  test("a procedure of the console, and how many refusals stand in one record", () => {
    const refused = entry("access.denied", {
      actorType: "member",
      actorId: "ana",
      target: "tokens.create",
      reason: "permission_missing",
      because: "tokens:create",
      data: { count: 3 },
    });
    expect(describeEntry(refused).sentence).toBe(
      "Member ana was refused “tokens.create”: the caller's role lacks “tokens:create” (3 times).",
    );
  });

  test("an event of another version is named, not hidden", () => {
    const described = describeEntry({ ...denial, event: "moon.landed_softly" });
    expect(described).toEqual({
      title: "Moon: landed softly",
      sentence: "An event that this version of the gateway has no words for.",
    });
  });

  test("every reason has words whatever the event lacks", () => {
    for (const reason of Object.keys(REASONS)) {
      const { sentence } = describeEntry(entry("access.denied", { reason }));
      expect(sentence).not.toMatch(/undefined|null|NaN/);
    }
  });

  test("never throws, and codes it does not know are shown", () => {
    const text = fc.string({ unit: "grapheme", maxLength: 40 });
    fc.assert(
      fc.property(fc.constantFrom(...NAMES), text, text, fc.dictionary(text, fc.jsonValue()), (event, a, b, data) => {
        const odd = entry(event, { reason: a, because: b, target: b, userId: a, data: data as AuditEntry["data"] });
        expect(describeEntry(odd).sentence).not.toBe("");
        ruleLink(odd);
        entityLinks(odd);
        simulatorLink(odd);
      }),
    );
    expect(describeEntry(entry("access.denied", { reason: "quite_new" })).sentence).toContain("quite new");
    expect(describeEntry(entry("access.denied", { reason: "constructor" })).sentence).toContain("constructor");
  });
});

describe("links of an event", () => {
  test.each([
    ['role "user".permissions', "/roles?role=user&permission=runs%3Acreate"],
    ["security.authorization.roles.user.commands", "/roles?role=user&permission=runs%3Acreate"],
    ['channel "slack".blockedUsers', "/channels?open=slack"],
    ["channels.slack.permissions.blockedUsers", "/channels?open=slack"],
    ['user "a&b=c".channels', "/users?open=a%26b%3Dc"],
    ["abcdefghijkl", "/tokens?open=abcdefghijkl"],
    ["security.rateLimit.maxRequests", "/config?path=security.rateLimit.maxRequests"],
    ["tokens:create", null],
    ["javascript:alert(1)", null],
  ])("the rule %s leads to %s", (because, href) => {
    expect(ruleLink({ ...denial, because })?.href ?? null).toBe(href);
  });

  test("the run, token, user and channel, and the same question to the simulator", () => {
    expect(entityLinks({ ...denial, target: "run_1" }).map(({ href }) => href)).toEqual([
      "/runs/run_1",
      "/tokens?open=abcdefghijkl",
      "/users?open=user123",
      "/channels?open=slack",
    ]);
    expect(simulatorLink(denial)).toBe("/roles/simulate?user=user123&token=abcdefghijkl&channel=slack&command=run");
    expect(simulatorLink(entry("system.started"))).toBeNull();
  });
});
