/** The limiter of a single process: exact, synchronous under the hood, so that no two requests can share a place. */
import type { Clock } from "#server/core/clock.ts";
import { admitted, refused, ticketFor } from "#server/ratelimit/answer.ts";
import type { LimitAnswer, LimitCounter, Limiter, LimitRule, LimitState } from "#server/ratelimit/schema.ts";
import { SlidingWindow } from "#server/ratelimit/sliding-window.ts";

const SWEEP_EVERY = 10_000;

export interface MemoryLimiter extends Limiter {
  /** Counts held in memory now: at most one per counted request, since a refused one leaves nothing behind. */
  size(): number;
}

/** Counts live in this process and start empty with it. */
export function createMemoryLimiter(clock: Clock): MemoryLimiter {
  const windows = new Map<string, SlidingWindow>();
  let takes = 0;

  function stateOf(rule: LimitRule, now: number): LimitState {
    const window = windows.get(keyOf(rule));
    if (window === undefined) {
      return { rule, remaining: rule.max, retryAfterMs: 0 };
    }
    window.windowMs = rule.windowMs;
    const remaining = Math.max(0, rule.max - window.count(now));
    return { rule, remaining, retryAfterMs: window.waitFor(rule.max, now) };
  }

  function add(rule: LimitRule, now: number): SlidingWindow {
    const key = keyOf(rule);
    let window = windows.get(key);
    if (window === undefined) {
      window = new SlidingWindow(rule.windowMs);
      windows.set(key, window);
    }
    window.add(now);
    return window;
  }

  function forgetIdle(now: number): void {
    for (const [key, window] of windows) {
      if (window.count(now) === 0) {
        windows.delete(key);
      }
    }
  }

  function take(rules: readonly LimitRule[]): LimitAnswer {
    const now = clock.now();
    takes += 1;
    if (takes % SWEEP_EVERY === 0) {
      forgetIdle(now);
    }
    const before = rules.map((rule) => stateOf(rule, now));
    if (before.some(({ remaining }) => remaining === 0)) {
      return refused(before);
    }
    // By window, not by name: after a reset, a place that is given back must not be somebody else's.
    const taken = new Map(rules.map((rule) => [rule, add(rule, now)]));
    const giveBack = (skipping: LimitRule[]): void => skipping.forEach((rule) => taken.get(rule)?.remove(now));
    return admitted(
      rules.map((rule) => stateOf(rule, now)),
      ticketFor(rules, giveBack),
    );
  }

  return {
    take: async (rules) => take(rules),
    peek: async (rules) => rules.map((rule) => stateOf(rule, clock.now())),
    async reset(counter) {
      const key = keyOf(counter);
      const counted = (windows.get(key)?.count(clock.now()) ?? 0) > 0;
      windows.delete(key);
      return counted;
    },
    size: () => windows.size,
  };
}

function keyOf({ source, key }: LimitCounter): string {
  return `${source}|${key}`;
}
