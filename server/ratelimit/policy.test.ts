import { describe, expect, it } from "vitest";
import { rulesFor } from "#server/ratelimit/policy.ts";

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
