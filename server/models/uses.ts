/** What calls used of budgets, added up for the commit that lists them. Pure. One row of it is what `counts.ts` counts later. */
import type { Count } from "#server/models/budgets.ts";

/** What a call used of what it held of one lease. */
export interface HoldUse extends Count {
  lease: string;
  tokens: number;
  /** Billionths of a dollar. */
  nano: number;
}

/** The part of an ended call that budgets are about. */
export interface BudgetUse {
  inputTokens: number;
  outputTokens: number;
  /** Billionths of a dollar; null = no price is known. */
  costNano: number | null;
  /** Where it counts, each count once. */
  counts: readonly Count[];
  holds: readonly HoldUse[];
}

/** An amount of a count, or of a lease on it. */
interface Sum {
  lease?: string;
  key: string;
  period_start: Date;
  tokens: number;
  nano: number;
}

interface Uses {
  /** A JSON array of sums: without a lease what a count has used, with one what is no longer held of it. Empty where nothing counts. */
  json: string;
  /** Some call used more than it held, so that until it is counted a budget seems to have more room than it has. */
  beyond: boolean;
}

/** Adds the calls of a commit up, by count and by lease; a lease is on one count. */
export function addUpUses(calls: readonly BudgetUse[]): Uses {
  let sums: Map<string, Sum> | undefined;
  let beyond = false;
  for (const { inputTokens, outputTokens, costNano, counts, holds } of calls) {
    const tokens = inputTokens + outputTokens;
    const nano = costNano ?? 0;
    if ((counts.length === 0 && holds.length === 0) || (tokens <= 0 && nano <= 0)) {
      continue;
    }
    sums ??= new Map();
    for (const { key, periodStart } of counts) {
      // No key begins with a moment, and no lease's id does.
      const id = `${periodStart.getTime()}|${key}`;
      const sum = sums.get(id);
      if (sum === undefined) {
        sums.set(id, { key, period_start: periodStart, tokens, nano });
      } else {
        sum.tokens += tokens;
        sum.nano += nano;
      }
    }
    beyond ||= counts.length > holds.length;
    for (const hold of holds) {
      // What it does not limit a lease does not hold: nothing of it is no shortage.
      beyond ||= (hold.tokens > 0 && hold.tokens < tokens) || (hold.nano > 0 && hold.nano < nano);
      if (hold.tokens <= 0 && hold.nano <= 0) {
        continue;
      }
      const sum = sums.get(hold.lease);
      if (sum === undefined) {
        const { lease, key, periodStart } = hold;
        sums.set(lease, { lease, key, period_start: periodStart, tokens: hold.tokens, nano: hold.nano });
      } else {
        sum.tokens += hold.tokens;
        sum.nano += hold.nano;
      }
    }
  }
  return { json: sums === undefined || sums.size === 0 ? "" : JSON.stringify([...sums.values()]), beyond };
}
