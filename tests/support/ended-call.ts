/** Calls that have ended, as `recordCall` hands them to the ledger, of a caller with budgets of their own. */
import type { Hold } from "#server/models/budget-room.ts";
import type { BudgetSetting, Count, Payer } from "#server/models/budgets.ts";
import type { Ledger } from "#server/models/ledger.ts";
import { usedOf, type Amount } from "#server/models/room-arithmetic.ts";
import type { HoldUse } from "#server/models/uses.ts";

export const payerOf = (name: string): Payer => ({
  principalId: `token:${name}`,
  tokenName: name,
  subject: name,
  role: "bot",
  channel: "api",
});

export const settingFor = (name: string, maxTokens: number, maxCost?: number): BudgetSetting => ({
  scope: "token",
  name,
  period: 30 * 86_400_000,
  maxTokens,
  ...(maxCost === undefined ? {} : { maxCost }),
  unknownPrice: "allow",
});

let calls = 0;
/** One more call. @param at when it began */
export function endedCall(
  payer: Payer,
  at: number,
  used: Amount,
  counts: readonly Count[],
  holds: readonly HoldUse[] = [],
): Parameters<Ledger["add"]>[0] {
  calls += 1;
  return {
    id: `call_${process.pid}_${Date.now()}_${calls}`,
    at: new Date(at),
    payer,
    requestId: "req_1",
    asked: "fake/m",
    model: "fake/m",
    path: "/v1/chat/completions",
    ending: "answered",
    status: 200,
    inputTokens: used.tokens,
    outputTokens: 0,
    estimated: false,
    costNano: used.nano,
    wallMs: 1,
    counts: counts.map(({ key, periodStart }) => ({ key, periodStart })),
    holds,
    grant: null,
    event: { event: "model.called", outcome: "ok", actor: { type: "token", id: "t" } },
  };
}

/** What a call that used `used` used of each of its holds. */
export const holdUses = (holds: readonly Hold[], used: Amount): HoldUse[] =>
  holds.map(({ lease, held }) => ({
    lease: lease.id,
    key: lease.key,
    periodStart: lease.periodStart,
    ...usedOf(held, used),
  }));
