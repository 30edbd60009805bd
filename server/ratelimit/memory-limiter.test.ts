import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { play, scenarios } from "../../tests/support/limit-model.ts";
import { createMemoryLimiter } from "#server/ratelimit/memory-limiter.ts";
import type { LimitRule } from "#server/ratelimit/schema.ts";

const rule = (over: Partial<LimitRule> = {}): LimitRule => ({
  source: "s",
  key: "k",
  windowMs: 100,
  max: 3,
  skipSuccessful: false,
  skipFailed: false,
  ...over,
});

function movedClock() {
  const clock = { time: 1_000_000, now: () => clock.time };
  return clock;
}

describe("the memory limiter", () => {
  it("RATE-1 RATE-2 admits what the model admits in 5,000 random arrivals: several rules, refunds, all or nothing", async () => {
    await fc.assert(
      fc.asyncProperty(scenarios(1), async (scenario) => {
        const clock = movedClock();
        await play(scenario, [createMemoryLimiter(clock)], clock);
      }),
      { numRuns: 5_000 },
    );
  });

  it("RATE-1 takes a place in every rule or in none", async () => {
    const limiter = createMemoryLimiter(movedClock());
    const wide = rule({ source: "wide", max: 10 });
    const narrow = rule({ source: "narrow", max: 1 });
    expect((await limiter.take([wide, narrow])).allowed).toBe(true);
    for (let attempt = 0; attempt < 20; attempt += 1) {
      expect(await limiter.take([wide, narrow])).toMatchObject({
        allowed: false,
        exceeded: { rule: { source: "narrow" } },
        states: [{ remaining: 9 }, { remaining: 0 }],
      });
    }
    expect(await limiter.take([wide])).toMatchObject({ allowed: true, tightest: { remaining: 8 } });
  });

  it("RATE-1 of several full rules, names the one that lasts longest", async () => {
    const clock = movedClock();
    const limiter = createMemoryLimiter(clock);
    const rules = [
      rule({ source: "short", max: 1 }),
      rule({ source: "long", max: 1, windowMs: 900 }),
      rule({ source: "middle", max: 1, windowMs: 500 }),
    ];
    await limiter.take(rules);
    clock.time += 10;
    expect(await limiter.take(rules)).toMatchObject({
      exceeded: { rule: { source: "long" }, retryAfterMs: 890 },
      states: [{ retryAfterMs: 90 }, { retryAfterMs: 890 }, { retryAfterMs: 490 }],
    });
  });

  it("RATE-2 keeps subjects apart", async () => {
    const limiter = createMemoryLimiter(movedClock());
    expect((await limiter.take([rule({ key: "user:a", max: 1 })])).allowed).toBe(true);
    expect((await limiter.take([rule({ key: "user:b", max: 1 })])).allowed).toBe(true);
    expect((await limiter.take([rule({ key: "user:a", max: 1 })])).allowed).toBe(false);
  });

  it("RATE-1 tells where a rule stands without taking a place", async () => {
    const limiter = createMemoryLimiter(movedClock());
    await limiter.take([rule({ max: 2 })]);
    for (let look = 0; look < 5; look += 1) {
      expect(await limiter.peek([rule({ max: 2 }), rule({ key: "new" })])).toMatchObject([
        { remaining: 1, retryAfterMs: 0 },
        { remaining: 3, retryAfterMs: 0 },
      ]);
    }
    await limiter.take([rule({ max: 2 })]);
    expect(await limiter.peek([rule({ max: 2 })])).toMatchObject([{ remaining: 0, retryAfterMs: 100 }]);
  });

  it("RATE-1 a changed rule goes on with the requests already counted", async () => {
    const clock = movedClock();
    const limiter = createMemoryLimiter(clock);
    for (const _ of [1, 2, 3]) {
      await limiter.take([rule()]);
      clock.time += 10;
    }
    expect((await limiter.take([rule({ max: 2 })])).allowed).toBe(false);
    expect(await limiter.peek([rule({ max: 2 })])).toMatchObject([{ remaining: 0, retryAfterMs: 80 }]);
    expect(await limiter.peek([rule({ max: 5, windowMs: 1000 })])).toMatchObject([{ remaining: 2 }]);
    expect(await limiter.peek([rule({ windowMs: 15 })])).toMatchObject([{ remaining: 2 }]);
  });

  it("RATE-2 100,000 users leave nothing behind once their windows have passed, and refused ones nothing at all", async () => {
    const clock = movedClock();
    const limiter = createMemoryLimiter(clock);
    for (let user = 0; user < 100_000; user += 1) {
      clock.time += 1;
      await limiter.take([rule({ key: `user:${user}`, windowMs: 1000 })]);
    }
    expect(limiter.size()).toBeLessThanOrEqual(11_000);
    clock.time += 1000;
    const closed = rule({ source: "closed", max: 1, windowMs: 1_000_000_000 });
    for (let user = 0; user < 20_000; user += 1) {
      await limiter.take([rule({ key: `other:${user}`, windowMs: 1_000_000_000 }), closed]);
    }
    expect(limiter.size()).toBe(2);
  });
});
