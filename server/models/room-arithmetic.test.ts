import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { budgetsFor } from "#server/models/budgets.ts";
import { amountOf, byCount, outputOf, usedOf, type BudgetNeed } from "#server/models/room-arithmetic.ts";

const price = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 75_000 }));
const needs: fc.Arbitrary<BudgetNeed> = fc.record({
  inputTokens: fc.nat(10_000),
  outputWish: fc.nat(10_000),
  outputLeast: fc.constant(1),
  price: fc.record({ input: price, output: price }),
  longestMs: fc.constant(1_000),
});
const amounts = fc.record({ tokens: fc.nat(30_000), nano: fc.nat(2_000_000_000) });
const limits = fc.record({
  maxTokens: fc.option(fc.nat(1_000_000)),
  maxCostNano: fc.option(fc.nat(2_000_000_000)),
});

const fits = (need: BudgetNeed, output: number, free: { tokens: number; nano: number }, limit: LimitPair): boolean => {
  const amount = amountOf(need, output);
  return (
    (limit.maxTokens === null || amount.tokens <= free.tokens) &&
    (limit.maxCostNano === null || amount.nano <= free.nano)
  );
};
interface LimitPair {
  maxTokens: number | null;
  maxCostNano: number | null;
}

describe("an amount", () => {
  test("carries an answer just as long as it pays for, and no longer", () => {
    fc.assert(
      fc.property(needs, amounts, limits, (need, free, limit) => {
        const output = outputOf(limit, free, need);
        if (output < 0) {
          expect(fits(need, 0, free, limit)).toBe(false);
        } else if (output === Infinity) {
          expect(fits(need, 1_000_000_000, free, { ...limit })).toBe(true);
        } else {
          expect([fits(need, output, free, limit), fits(need, output + 1, free, limit)]).toEqual([true, false]);
        }
      }),
    );
  });

  test("that was used of a hold is never more than was held or was used", () => {
    fc.assert(
      fc.property(amounts, amounts, (held, used) => {
        const taken = usedOf(held, used);
        expect(taken.tokens <= held.tokens && taken.tokens <= used.tokens).toBe(true);
        expect(taken.nano <= held.nano && taken.nano <= used.nano).toBe(true);
        expect([held.tokens, used.tokens]).toContain(taken.tokens);
      }),
    );
  });
});

test("budgets with one count hold together: the tightest limit of each kind, and none is forgotten", () => {
  const setting = fc.record({
    scope: fc.constantFrom("token" as const, "user" as const, "role" as const),
    name: fc.constant("*"),
    period: fc.constantFrom(60_000, 3_600_000),
    maxTokens: fc.option(fc.nat(1_000), { nil: undefined }),
    maxCost: fc.option(fc.nat(100), { nil: undefined }),
    unknownPrice: fc.constant("allow" as const),
  });
  const payer = { principalId: "token:a", tokenName: "a", subject: "ana", role: "bot", channel: "api" };
  fc.assert(
    fc.property(fc.array(setting, { maxLength: 12 }), (settings) => {
      const budgets = budgetsFor(settings, payer, 1_000_000);
      const counts = byCount(budgets);
      expect(counts.flatMap((one) => one.budgets)).toEqual(budgets);
      expect(new Set(counts.map(({ key }) => key)).size).toBe(counts.length);
      for (const { budgets: all, maxTokens, maxCostNano } of counts) {
        const least = (values: (number | null)[]): number | null => {
          const set = values.filter((value) => value !== null);
          return set.length === 0 ? null : Math.min(...set);
        };
        expect(maxTokens).toBe(least(all.map((one) => one.maxTokens)));
        expect(maxCostNano).toBe(least(all.map((one) => one.maxCostNano)));
      }
    }),
  );
});
