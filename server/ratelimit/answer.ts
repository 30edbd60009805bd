/** What the states of all rules of a request mean together. Pure, and the same for every store. */
import type { LimitAnswer, LimitRule, LimitState, LimitTicket } from "#server/ratelimit/schema.ts";

/** All rules had a place. The tightest is the one with the fewest left; of equals, the one that stays full the longest. */
export function admitted(states: LimitState[], ticket: LimitTicket): LimitAnswer {
  let tightest: LimitState | null = null;
  for (const state of states) {
    if (
      tightest === null ||
      state.remaining < tightest.remaining ||
      (state.remaining === tightest.remaining && state.retryAfterMs > tightest.retryAfterMs)
    ) {
      tightest = state;
    }
  }
  return { allowed: true, states, tightest, ticket };
}

/** Of several full rules, the one that lasts longest tells the caller when to come back. @throws TypeError for no states at all. */
export function refused(states: LimitState[]): LimitAnswer {
  const exceeded = states.reduce((longest, state) => (state.retryAfterMs > longest.retryAfterMs ? state : longest));
  return { allowed: false, states, exceeded };
}

/** A ticket that hands the rules to refund to `giveBack`, at most once and only when there are any. */
export function ticketFor(rules: readonly LimitRule[], giveBack: (rules: LimitRule[]) => void): LimitTicket {
  let settled = false;
  return {
    settle(outcome) {
      if (settled) {
        return;
      }
      settled = true;
      const skipping = rules.filter((rule) => (outcome === "succeeded" ? rule.skipSuccessful : rule.skipFailed));
      if (skipping.length > 0) {
        giveBack(skipping);
      }
    },
  };
}
