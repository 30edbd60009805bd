import { describe, expect, it } from "vitest";
import { configuredLimits, firstToRefuse, partsOf, rulesFor } from "#server/ratelimit/policy.ts";

const facts = { subject: "ana", role: "user", channel: "api", command: "ask", restriction: null };
const limit = { windowMs: 1000, maxRequests: 5 };

describe("rulesFor", () => {
  it("RATE-2 RATE-3 RATE-4 RATE-5 finds every rule that applies, with its path and subject", () => {
    const settings = {
      enabled: true,
      global: limit,
      perUser: { ...limit, skipSuccessfulRequests: true },
      perChannel: limit,
      roleLimits: { user: limit },
      commandLimits: { ask: limit, config: limit },
    };
    expect(rulesFor(settings, facts).map(({ source, key, skipSuccessful }) => [source, key, skipSuccessful])).toEqual([
      ["security.rateLimit.global", "global", false],
      ["security.rateLimit.perUser", "user:ana", true],
      ["security.rateLimit.perChannel", "channel:api", false],
      ["security.rateLimit.roleLimits.user", "role:user:ana", false],
      ["security.rateLimit.commandLimits.ask", "command:ask:ana", false],
    ]);
  });

  it("AUTHZ-2 a user's restriction holds even with rate limits switched off", () => {
    const restriction = {
      maxMessages: 100,
      timeWindowMs: 3_600_000,
      source: "security.authorization.users.ana.restrictions",
    };
    expect(rulesFor({ enabled: false, global: limit }, { ...facts, restriction })).toEqual([
      {
        source: restriction.source,
        key: "restriction:ana",
        windowMs: 3_600_000,
        max: 100,
        skipSuccessful: false,
        skipFailed: false,
      },
    ]);
  });

  it("a role or command named like an Object property finds nothing", () => {
    expect(
      rulesFor(
        { enabled: true, roleLimits: {}, commandLimits: {} },
        { ...facts, role: "constructor", command: "toString" },
      ),
    ).toEqual([]);
  });
});

describe("what a count is about", () => {
  it("RATE-2 is read from its name again, also where role and user have colons and letters of each other", () => {
    const restriction = { maxMessages: 1, timeWindowMs: 1000, source: "security.authorization.users.a:b.restrictions" };
    const settings = {
      enabled: true,
      global: limit,
      perUser: limit,
      perChannel: limit,
      roleLimits: { user: limit },
      commandLimits: { ask: limit },
    };
    const rules = rulesFor(settings, { ...facts, subject: "token:a:user:b", restriction });
    expect(rules.map((rule) => partsOf(rule))).toEqual([
      { scope: "global", subject: "" },
      { scope: "user", subject: "token:a:user:b" },
      { scope: "channel", subject: "api" },
      { scope: "role", subject: "token:a:user:b" },
      { scope: "command", subject: "token:a:user:b" },
      { scope: "restriction", subject: "token:a:user:b" },
    ]);
  });

  it("RATE-1 lists every configured limit once", () => {
    expect(configuredLimits({ enabled: true, global: limit, commandLimits: { ask: limit } })).toMatchObject([
      { source: "security.rateLimit.global", max: 5, windowMs: 1000, skipSuccessful: false },
      { source: "security.rateLimit.commandLimits.ask" },
    ]);
  });

  it("RATE-1 the full rule that lasts longest refuses first, else the one with the fewest places", () => {
    const free = { remaining: 3, retryAfterMs: 0 };
    const tight = { remaining: 1, retryAfterMs: 0 };
    const full = { remaining: 0, retryAfterMs: 10 };
    const fuller = { remaining: 0, retryAfterMs: 20 };
    expect(firstToRefuse([free, tight])).toBe(tight);
    expect(firstToRefuse([full, free, fuller, tight])).toBe(fuller);
    expect(firstToRefuse([])).toBeUndefined();
  });
});
