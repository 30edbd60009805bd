/** Random arrivals for a limiter, checked step by step against the plainest possible model of "never more than max in any window". */
import fc from "fast-check";
import { expect } from "vitest";
import type { Limiter, LimitRule, LimitTicket } from "#server/ratelimit/schema.ts";

interface Settle {
  outcome: "succeeded" | "failed";
  /** Further steps until then. */
  after: number;
}

interface Step {
  advanceMs: number;
  /** Which of the limiters is asked. */
  instance: number;
  /** What an admitted request ends with; null: never ends. */
  settle: Settle | null;
}

interface Scenario {
  rules: LimitRule[];
  steps: Step[];
}

/** One to three rules at once. Windows are minutes long, so that no key of a store that lives in real time ends meanwhile. */
export const scenarios = (instances: number): fc.Arbitrary<Scenario> => {
  const rule = fc.record({
    windowMs: fc.integer({ min: 60, max: 600 }).map((seconds) => seconds * 1000),
    max: fc.integer({ min: 1, max: 5 }),
    skipSuccessful: fc.boolean(),
    skipFailed: fc.boolean(),
  });
  const settle = fc.record({ outcome: fc.constantFrom("succeeded" as const, "failed" as const), after: fc.nat(4) });
  const step = fc.record({
    // Whole windows and bursts at one moment are where mistakes of one would show.
    advanceMs: fc.oneof(fc.constant(0), fc.nat(120_000), fc.constant(60_000)),
    instance: fc.nat(instances - 1),
    settle: fc.option(settle, { freq: 2 }),
  });
  return fc.record({
    rules: fc
      .array(rule, { minLength: 1, maxLength: 3 })
      .map((rules) => rules.map((one, index) => ({ ...one, source: `rule${index}`, key: "key" }))),
    steps: fc.array(step, { minLength: 1, maxLength: 24 }),
  });
};

interface Entry {
  at: number;
  /** Places by rule; false once given back. */
  counted: boolean[];
}

/** Plays a scenario. @param clock the limiters' own, in milliseconds. @throws when a limiter and the model disagree. */
export async function play(
  { rules, steps }: Scenario,
  limiters: readonly Limiter[],
  clock: { time: number },
): Promise<void> {
  const entries: Entry[] = [];
  const pending: { due: number; ticket: LimitTicket; limiter: Limiter; settle: Settle; entry: Entry }[] = [];
  /** Counted entries of a rule in the window of its length that ends at `end`, which it includes. */
  const inside = (index: number, end: number): number =>
    entries.filter(({ at, counted }) => counted[index] && at > end - (rules[index]?.windowMs ?? 0) && at <= end).length;

  for (const [number, { advanceMs, instance, settle }] of steps.entries()) {
    clock.time += advanceMs;
    for (const { ticket, limiter, settle, entry } of pending.filter(({ due }) => due === number)) {
      const { outcome } = settle;
      ticket.settle(outcome);
      // A second time means nothing.
      ticket.settle(outcome === "failed" ? "succeeded" : "failed");
      // Refunds are not waited for; the answer to a later question of the same instance means they have arrived.
      await limiter.peek(rules);
      rules.forEach((rule, index) => {
        entry.counted[index] &&= !(outcome === "succeeded" ? rule.skipSuccessful : rule.skipFailed);
      });
    }
    const limiter = limiters[instance];
    if (limiter === undefined) {
      throw new Error(`there is no instance ${instance}`);
    }
    const answer = await limiter.take(rules);
    const allowed = rules.every((rule, index) => inside(index, clock.time) < rule.max);
    expect(answer.allowed).toBe(allowed);
    if (answer.allowed) {
      const entry = { at: clock.time, counted: rules.map(() => true) };
      entries.push(entry);
      if (settle !== null) {
        pending.push({ due: number + 1 + settle.after, ticket: answer.ticket, limiter, settle, entry });
      }
    }
    const remaining = rules.map((rule, index) => rule.max - inside(index, clock.time));
    expect(answer.states.map((state) => state.remaining)).toEqual(remaining);
    for (const [index, rule] of rules.entries()) {
      const wait = answer.states[index]?.retryAfterMs ?? -1;
      // The time named is the first at which there is a place again.
      expect(inside(index, clock.time + wait)).toBeLessThan(rule.max);
      expect(wait === 0 || inside(index, clock.time + wait - 1) >= rule.max).toBe(true);
    }
  }
  // Every window worth looking at ends with an entry.
  for (const { at } of entries) {
    rules.forEach((rule, index) => expect(inside(index, at)).toBeLessThanOrEqual(rule.max));
  }
}
