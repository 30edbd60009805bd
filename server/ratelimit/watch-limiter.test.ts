import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { play, scenarios } from "../../tests/support/limit-model.ts";
import { createMemoryLimiter } from "#server/ratelimit/memory-limiter.ts";
import type { LimitRule } from "#server/ratelimit/schema.ts";
import { watchLimiter } from "#server/ratelimit/watch-limiter.ts";

const rule = (key: string, over: Partial<LimitRule> = {}): LimitRule => ({
  source: "security.rateLimit.perUser",
  key,
  windowMs: 1000,
  max: 4,
  skipSuccessful: false,
  skipFailed: false,
  ...over,
});

function movedClock() {
  const clock = { time: 1_000_000, now: () => clock.time };
  return clock;
}

describe("a watched limiter", () => {
  it("RATE-1 admits exactly as it would unwatched, however often it is looked at", async () => {
    await fc.assert(
      fc.asyncProperty(scenarios(1), async (scenario) => {
        const clock = movedClock();
        const limiter = watchLimiter(createMemoryLimiter(clock));
        const looking = {
          ...limiter,
          async take(rules: readonly LimitRule[]) {
            const answer = await limiter.take(rules);
            await limiter.snapshot(10);
            await limiter.peek(rules);
            return answer;
          },
        };
        await play(scenario, [looking], clock);
      }),
      { numRuns: 1_000 },
    );
  });

  it("RATE-1 a snapshot and a look spend nothing: before and after are the same", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(5), fc.nat(300)), { maxLength: 40 }),
        fc.nat(10),
        async (arrivals, top) => {
          const clock = movedClock();
          const limiter = watchLimiter(createMemoryLimiter(clock));
          const rules = Array.from({ length: 6 }, (_, user) => rule(`user:${user}`));
          for (const [user, advanceMs] of arrivals) {
            clock.time += advanceMs;
            await limiter.take(rules.slice(user, user + 1));
          }
          const before = await limiter.peek(rules);
          const shown = await limiter.snapshot(top);
          await limiter.snapshot(top);
          expect(await limiter.peek(rules)).toEqual(before);
          expect(shown.length).toBe(Math.min(top, before.filter(({ remaining }) => remaining < 4).length));
          const least = Math.max(...shown.map(({ remaining }) => remaining), 0);
          const hidden = before.filter(({ rule: { key } }) => !shown.some((state) => state.rule.key === key));
          // Windows have moved on since they were remembered, so that only a list that is not cut short is exact.
          expect(top < 6 || hidden.every(({ remaining }) => remaining >= least)).toBe(true);
        },
      ),
      {
        numRuns: 500,
        // The two that were counted first have passed by the time somebody looks, and only one is to be shown.
        examples: [
          [
            [
              [2, 0],
              [1, 0],
              [4, 197],
              [0, 292],
              [3, 276],
              [5, 235],
            ],
            1,
          ],
        ],
      },
    );
  });

  it("RATE-1 lists those nearest to their limit first, refused ones included, and nobody whose window has passed", async () => {
    const clock = movedClock();
    const limiter = watchLimiter(createMemoryLimiter(clock));
    await limiter.take([rule("user:gone")]);
    clock.time += 1000;
    for (const [key, times] of [
      ["user:a", 1],
      ["user:b", 9],
      ["user:c", 3],
    ] as const) {
      for (let time = 0; time < times; time += 1) {
        await limiter.take([rule(key)]);
      }
    }
    const states = await limiter.snapshot(10);
    expect(states.map(({ rule: { key }, remaining }) => [key, remaining])).toEqual([
      ["user:b", 0],
      ["user:c", 1],
      ["user:a", 3],
    ]);
    expect((await limiter.snapshot(1)).map(({ rule: { key } }) => key)).toEqual(["user:b"]);
  });

  it("RATE-2 a flood of users is remembered up to its capacity, the latest of them", async () => {
    const limiter = watchLimiter(createMemoryLimiter(movedClock()), 100);
    for (let user = 0; user < 5_000; user += 1) {
      await limiter.take([rule(`user:${user}`)]);
    }
    expect(limiter.watched()).toEqual({ counts: 100, capacity: 100 });
    const keys = (await limiter.snapshot(100)).map((state) => state.rule.key);
    expect(new Set(keys)).toEqual(new Set(Array.from({ length: 100 }, (_, index) => `user:${4_900 + index}`)));
  });

  it("RATE-1 a reset frees one count and no other, and a place given back afterwards takes away nobody's", async () => {
    const limiter = watchLimiter(createMemoryLimiter(movedClock()));
    const ana = rule("user:ana", { max: 2, skipSuccessful: true });
    const bo = rule("user:bo", { max: 2 });
    const first = await limiter.take([ana]);
    await limiter.take([bo]);
    await limiter.take([ana]);
    expect((await limiter.take([ana])).allowed).toBe(false);
    expect(await limiter.reset(ana)).toBe(true);
    expect(await limiter.reset(ana)).toBe(false);
    expect(await limiter.reset(rule("user:nobody"))).toBe(false);
    expect(await limiter.peek([ana, bo])).toMatchObject([{ remaining: 2 }, { remaining: 1 }]);
    await limiter.take([ana]);
    if (first.allowed) {
      first.ticket.settle("succeeded");
    }
    expect(await limiter.peek([ana])).toMatchObject([{ remaining: 1 }]);
  });
});
