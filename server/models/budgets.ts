/**
 * Which budgets a call counts in. Pure. A budget belongs to a scope (each token, user, role, channel) and a period; its count belongs to the
 * scope's subject and the length of the period alone, so that a limit can be changed without losing what was counted.
 */
import { NANO_PER_DOLLAR } from "#server/models/prices.ts";
import type { BudgetScope } from "#server/models/schema.ts";

/** As in `models.budgets`. */
export interface BudgetSetting {
  scope: BudgetScope;
  name: string;
  /** Milliseconds. */
  period: number;
  maxTokens?: number | undefined;
  /** US dollars. */
  maxCost?: number | undefined;
  unknownPrice: "refuse" | "allow";
}

/** Whose budgets a call counts in. */
export interface Payer {
  /** The credential, whatever its secret is now. */
  principalId: string;
  /** Its name; null where it is not known any more. */
  tokenName: string | null;
  /** The person it is for; the credential where it speaks for itself. */
  subject: string;
  role: string;
  channel: string;
}

/** One count: what a subject uses in one period. */
export interface Count {
  key: string;
  periodStart: Date;
}

export interface AppliedBudget extends Count {
  /** Where it is written: `models.budgets[2]`. */
  source: string;
  scope: BudgetScope;
  subject: string;
  endsAt: Date;
  /** Null = not limited. */
  maxTokens: number | null;
  /** Billionths of a dollar; null = not limited. */
  maxCostNano: number | null;
  refusesUnknownPrice: boolean;
}

/** Where a scope's subject stands in the list of calls. */
export const SUBJECT_COLUMNS: Readonly<Record<BudgetScope, string>> = {
  token: "principal_id",
  user: "subject",
  role: "role",
  channel: "channel",
};

const subjectOf = (scope: BudgetScope, payer: Payer): string =>
  scope === "token" ? payer.principalId : payer[scope === "user" ? "subject" : scope];

function isFor({ scope, name }: BudgetSetting, payer: Payer): boolean {
  return name === "*" || name === subjectOf(scope, payer) || (scope === "token" && name === payer.tokenName);
}

/** The budgets that `payer`'s calls of the moment `now` count in, by key: the order in which they are locked. */
export function budgetsFor(settings: readonly BudgetSetting[], payer: Payer, now: number): AppliedBudget[] {
  return settings
    .flatMap((setting, index): AppliedBudget[] => {
      if (!isFor(setting, payer)) {
        return [];
      }
      const { scope, period, maxTokens, maxCost } = setting;
      const start = Math.floor(now / period) * period;
      const subject = subjectOf(scope, payer);
      return [
        {
          source: `models.budgets[${index}]`,
          key: `${scope}|${period}|${subject}`,
          scope,
          subject,
          periodStart: new Date(start),
          endsAt: new Date(start + period),
          maxTokens: maxTokens ?? null,
          maxCostNano: maxCost === undefined ? null : Math.round(maxCost * NANO_PER_DOLLAR),
          refusesUnknownPrice: maxCost !== undefined && setting.unknownPrice === "refuse",
        },
      ];
    })
    .sort((one, other) => (one.key < other.key ? -1 : one.key > other.key ? 1 : 0));
}
