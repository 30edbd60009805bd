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
  /** By source, then by key: both have been hashed before, one text of both would be hashed anew for each request. */
  const windows = new Map<string, Map<string, SlidingWindow>>();
  let takes = 0;

  const find = ({ source, key }: LimitCounter): SlidingWindow | undefined => windows.get(source)?.get(key);

  function open({ source, key, windowMs }: LimitRule): SlidingWindow {
    let ofSource = windows.get(source);
    if (ofSource === undefined) {
      ofSource = new Map();
      windows.set(source, ofSource);
    }
    const window = new SlidingWindow(windowMs);
    ofSource.set(key, window);
    return window;
  }

  function forget({ source, key }: LimitCounter): void {
    const ofSource = windows.get(source);
    ofSource?.delete(key);
    if (ofSource?.size === 0) {
      windows.delete(source);
    }
  }

  function forgetIdle(now: number): void {
    for (const [source, ofSource] of windows) {
      for (const [key, window] of ofSource) {
        if (window.count(now) === 0) {
          forget({ source, key });
        }
      }
    }
  }

  function take(rules: readonly LimitRule[]): LimitAnswer {
    const now = clock.now();
    takes += 1;
    if (takes % SWEEP_EVERY === 0) {
      forgetIdle(now);
    }
    const found = rules.map(find);
    const states = rules.map((rule, at) => stateOf(rule, found[at], now));
    if (states.some(({ remaining }) => remaining === 0)) {
      return refused(states);
    }
    // By window, not by name: after a reset, a place that is given back must not be somebody else's.
    const taken = rules.map((rule, at) => found[at] ?? open(rule));
    states.forEach((state, at) => {
      taken[at]?.add(now);
      state.remaining -= 1;
      state.retryAfterMs = taken[at]?.waitFor(state.rule.max, now) ?? 0;
    });
    const giveBack = (skipping: LimitRule[]): void =>
      skipping.forEach((rule) => taken[rules.indexOf(rule)]?.remove(now));
    return admitted(states, ticketFor(rules, giveBack));
  }

  return {
    take: async (rules) => take(rules),
    peek: async (rules) => rules.map((rule) => stateOf(rule, find(rule), clock.now())),
    async reset(counter) {
      const counted = (find(counter)?.count(clock.now()) ?? 0) > 0;
      forget(counter);
      return counted;
    },
    size: () => [...windows.values()].reduce((sum, { size }) => sum + size, 0),
  };
}

function stateOf(rule: LimitRule, window: SlidingWindow | undefined, now: number): LimitState {
  if (window === undefined) {
    return { rule, remaining: rule.max, retryAfterMs: 0 };
  }
  window.windowMs = rule.windowMs;
  const remaining = Math.max(0, rule.max - window.count(now));
  return { rule, remaining, retryAfterMs: window.waitFor(rule.max, now) };
}
