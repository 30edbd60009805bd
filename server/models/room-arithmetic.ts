/** What a call needs of budgets, and what an amount carries. Pure: `budget-room.ts` hands out by it. */
import type { AppliedBudget } from "#server/models/budgets.ts";

/** What a call needs of every budget it counts in. */
export interface BudgetNeed {
  inputTokens: number;
  /** Tokens of the answer: what would be good, and with how few it would still do. */
  outputWish: number;
  outputLeast: number;
  /** Billionths of a dollar for one token. */
  price: { input: number; output: number };
  /** Milliseconds that the call can take at most. */
  longestMs: number;
}

export interface Amount {
  tokens: number;
  /** Billionths of a dollar. */
  nano: number;
}

export const NOTHING: Amount = { tokens: 0, nano: 0 };

/** All budgets of a call that share one count: the tightest limits hold. */
export interface Counted {
  key: string;
  /** Null = not limited. */
  maxTokens: number | null;
  maxCostNano: number | null;
  budgets: readonly [AppliedBudget, ...AppliedBudget[]];
}

/** Of what a call held, the part that it used: it is counted and taken off the lease. */
export const usedOf = (held: Amount, used: Amount): Amount => ({
  tokens: Math.min(held.tokens, used.tokens),
  nano: Math.min(held.nano, used.nano),
});

/** What a call with an answer of so many tokens uses at most. */
export const amountOf = ({ inputTokens, price }: BudgetNeed, outputTokens: number): Amount => ({
  tokens: inputTokens + outputTokens,
  nano: Math.ceil(inputTokens * price.input + outputTokens * price.output),
});

/** Tokens of an answer that an amount carries under those limits; negative = not even the input. */
export function outputOf(
  { maxTokens, maxCostNano }: Pick<Counted, "maxTokens" | "maxCostNano">,
  free: Amount,
  { inputTokens, price }: BudgetNeed,
): number {
  const byTokens = maxTokens === null ? Infinity : free.tokens - inputTokens;
  const money = free.nano - inputTokens * price.input;
  const byMoney =
    maxCostNano === null || (price.output === 0 && money >= 0) ? Infinity : Math.floor(money / price.output);
  return Math.min(byTokens, Number.isNaN(byMoney) ? -1 : byMoney);
}

/** @param budgets in the order of their keys, which is that of the result */
export function byCount(budgets: readonly AppliedBudget[]): Counted[] {
  const counted = new Map<string, Counted>();
  for (const budget of budgets) {
    const known = counted.get(budget.key);
    counted.set(budget.key, {
      key: budget.key,
      maxTokens: least(known?.maxTokens ?? null, budget.maxTokens),
      maxCostNano: least(known?.maxCostNano ?? null, budget.maxCostNano),
      budgets: known === undefined ? [budget] : [...known.budgets, budget],
    });
  }
  return [...counted.values()];
}

const least = (one: number | null, other: number | null): number | null =>
  one === null ? other : other === null ? one : Math.min(one, other);
