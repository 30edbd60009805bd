/**
 * Remembers who was counted last, for any store: Redis holds hashes of the rules and cannot say whose they are. What is remembered only chooses
 * whom to ask about; the numbers of a snapshot are the store's own of that moment.
 */
import type { Limiter, LimitRule, LimitState, WatchedLimiter } from "#server/ratelimit/schema.ts";

/** Counts remembered; of more, those that were counted longest ago are forgotten. */
const REMEMBERED = 10_000;
/** Asked about for each one that is shown: a count may have shrunk since it was remembered. */
const ASKED_PER_SHOWN = 2;
/** Rules in one question to the store: Redis does nothing else meanwhile. */
const ASKED_AT_ONCE = 50;

interface Seen {
  rule: LimitRule;
  /** Used share of the maximum, as the last request found it. */
  used: number;
  /** Turn in which it went to the end of the order. */
  moved: number;
}

/** @param capacity see `REMEMBERED`; smaller in tests. */
export function watchLimiter(limiter: Limiter, capacity = REMEMBERED): WatchedLimiter {
  /** In the order of the last request, but for those who went to its end a short while ago. */
  const seen = new Map<string, Seen>();
  /** Moving at every request would make the Map anew every few of them, and garbage that lasts of it (core/roster.ts). */
  const staysFor = capacity / 4;
  let turn = 0;

  function note(states: readonly LimitState[]): void {
    for (const state of states) {
      const { rule } = state;
      const key = keyOf(rule);
      const known = seen.get(key);
      turn += 1;
      const moves = known !== undefined && turn - known.moved > staysFor;
      // Whoever was refused for another rule's sake has used nothing of this one.
      const used = state.remaining < rule.max;
      if (moves || !used) {
        seen.delete(key);
      }
      if (used) {
        seen.set(key, { rule, used: usedShare(state), moved: moves ? turn : (known?.moved ?? turn) });
      }
    }
    while (seen.size > capacity) {
      const oldest = seen.keys().next();
      if (oldest.done === true) {
        return;
      }
      seen.delete(oldest.value);
    }
  }

  /** @param asked what was remembered when the store was asked: who has been counted again since then stays. */
  function forgetPassed({ rule, remaining }: LimitState, asked: Seen | undefined): void {
    const key = keyOf(rule);
    if (remaining === rule.max && seen.get(key) === asked) {
      seen.delete(key);
    }
  }

  return {
    async take(rules) {
      const answer = await limiter.take(rules);
      note(answer.states);
      return answer;
    },
    peek: (rules) => limiter.peek(rules),
    async reset(counter) {
      const counted = await limiter.reset(counter);
      seen.delete(keyOf(counter));
      return counted;
    },
    async snapshot(top) {
      const candidates = [...seen.values()].sort((one, other) => other.used - one.used);
      const states: LimitState[] = [];
      // On beyond that where windows have passed: those are forgotten, so that nobody asks about them again.
      for (let asked = 0; asked < top * ASKED_PER_SHOWN || states.length < top; asked += ASKED_AT_ONCE) {
        const asking = candidates.slice(asked, asked + ASKED_AT_ONCE);
        if (asking.length === 0) {
          break;
        }
        const found = await limiter.peek(asking.map(({ rule }) => rule));
        states.push(...found.filter(({ rule, remaining }) => remaining < rule.max));
        found.forEach((state, at) => forgetPassed(state, asking[at]));
      }
      return states
        .sort((one, other) => usedShare(other) - usedShare(one) || other.retryAfterMs - one.retryAfterMs)
        .slice(0, top);
    },
    watched: () => ({ counts: seen.size, capacity }),
  };
}

const keyOf = ({ source, key }: Pick<LimitRule, "source" | "key">): string => `${source}\0${key}`;

const usedShare = ({ rule, remaining }: LimitState): number => (rule.max - remaining) / rule.max;
