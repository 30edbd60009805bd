/** The limiter of a single process: exact, synchronous under the hood, so that no two requests can share a place. */
import type { Clock } from "#server/core/clock.ts";
import type { LimitAnswer, Limiter, LimitRule, LimitState, LimitTicket } from "#server/ratelimit/schema.ts";
import { SlidingWindow } from "#server/ratelimit/sliding-window.ts";

const SWEEP_EVERY = 10_000;
const NO_TICKET: LimitTicket = { settle: () => undefined };

/** Counts live in this process and start empty with it. */
export function createMemoryLimiter(clock: Clock): Limiter {
  const windows = new Map<string, SlidingWindow>();
  let takes = 0;

  function windowOf(rule: LimitRule): SlidingWindow {
    const key = `${rule.source}|${rule.windowMs}|${rule.key}`;
    let window = windows.get(key);
    if (window === undefined) {
      window = new SlidingWindow(rule.windowMs);
      windows.set(key, window);
    }
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
    const taken: { rule: LimitRule; window: SlidingWindow }[] = [];
    let exceeded: LimitState | null = null;
    let tightest: LimitState | null = null;
    for (const rule of rules) {
      const window = windowOf(rule);
      const used = window.count(now);
      if (used >= rule.max) {
        const state = { rule, remaining: 0, retryAfterMs: window.waitFor(rule.max, now) };
        // Of several exceeded rules, the one that lasts longest tells the caller when to come back.
        exceeded = exceeded === null || state.retryAfterMs > exceeded.retryAfterMs ? state : exceeded;
        continue;
      }
      const remaining = rule.max - used - 1;
      if (tightest === null || remaining < tightest.remaining) {
        tightest = { rule, remaining, retryAfterMs: 0 };
      }
      taken.push({ rule, window });
    }
    if (exceeded !== null) {
      return { allowed: false, exceeded };
    }
    let refundable = false;
    for (const place of taken) {
      place.window.add(now);
      refundable ||= place.rule.skipSuccessful || place.rule.skipFailed;
    }
    return { allowed: true, tightest, ticket: refundable ? refundTicket(taken, now) : NO_TICKET };
  }

  return { take: async (rules) => take(rules) };
}

function refundTicket(taken: readonly { rule: LimitRule; window: SlidingWindow }[], at: number): LimitTicket {
  let settled = false;
  return {
    settle(outcome) {
      if (settled) {
        return;
      }
      settled = true;
      for (const { rule, window } of taken) {
        if (outcome === "succeeded" ? rule.skipSuccessful : rule.skipFailed) {
          window.remove(at);
        }
      }
    },
  };
}
