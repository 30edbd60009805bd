import fc from "fast-check";
import { describe, expect, it } from "vitest";
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

/** A clock that tests move. */
function manualClock() {
  let time = 1_000;
  return { now: () => time, advance: (ms: number) => void (time += ms) };
}

describe("the memory limiter", () => {
  it("RATE-1 never lets more than max into any window, and lets in whatever fits (against a brute-force model)", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 60 }),
        fc.array(fc.nat(25), { maxLength: 80 }),
        async (max, windowMs, steps) => {
          const clock = manualClock();
          const limiter = createMemoryLimiter(clock);
          const admitted: number[] = [];
          for (const step of steps) {
            clock.advance(step);
            const now = clock.now();
            const inWindow = admitted.filter((time) => time > now - windowMs).length;
            const answer = await limiter.take([rule({ max, windowMs })]);
            expect(answer.allowed).toBe(inWindow < max);
            if (answer.allowed) {
              admitted.push(now);
            }
          }
          for (const start of admitted) {
            expect(admitted.filter((time) => time >= start && time < start + windowMs).length).toBeLessThanOrEqual(max);
          }
        },
      ),
    );
  });

  it("RATE-1 says exactly when the next place is free", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.nat(20), { minLength: 8, maxLength: 30 }),
        async (max, steps) => {
          const clock = manualClock();
          const limiter = createMemoryLimiter(clock);
          for (const step of steps) {
            clock.advance(step);
            const answer = await limiter.take([rule({ max })]);
            if (!answer.allowed) {
              const wait = answer.exceeded.retryAfterMs;
              clock.advance(wait - 1);
              expect((await limiter.take([rule({ max })])).allowed).toBe(false);
              clock.advance(1);
              expect((await limiter.take([rule({ max })])).allowed).toBe(true);
            }
          }
        },
      ),
    );
  });

  it("RATE-2 takes a place in every rule or in none", async () => {
    const limiter = createMemoryLimiter(manualClock());
    const wide = rule({ source: "wide", max: 10 });
    const narrow = rule({ source: "narrow", max: 1 });
    expect((await limiter.take([wide, narrow])).allowed).toBe(true);
    for (let attempt = 0; attempt < 20; attempt += 1) {
      expect(await limiter.take([wide, narrow])).toMatchObject({
        allowed: false,
        exceeded: { rule: { source: "narrow" } },
      });
    }
    expect(await limiter.take([wide])).toMatchObject({ allowed: true, tightest: { remaining: 8 } });
  });

  it("RATE-1 gives a place back once, and only for the outcome its rule skips", async () => {
    const limiter = createMemoryLimiter(manualClock());
    const skipping = rule({ max: 1, skipSuccessful: true });
    const first = await limiter.take([skipping]);
    expect(first.allowed).toBe(true);
    expect((await limiter.take([skipping])).allowed).toBe(false);
    if (first.allowed) {
      first.ticket.settle("succeeded");
      first.ticket.settle("succeeded");
    }
    const second = await limiter.take([skipping]);
    expect(second.allowed).toBe(true);
    if (second.allowed) {
      second.ticket.settle("failed");
    }
    expect((await limiter.take([skipping])).allowed).toBe(false);
  });

  it("RATE-2 keeps subjects apart", async () => {
    const limiter = createMemoryLimiter(manualClock());
    expect((await limiter.take([rule({ key: "user:a", max: 1 })])).allowed).toBe(true);
    expect((await limiter.take([rule({ key: "user:b", max: 1 })])).allowed).toBe(true);
    expect((await limiter.take([rule({ key: "user:a", max: 1 })])).allowed).toBe(false);
  });
});
