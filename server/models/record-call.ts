/** A call that has ended, for the list of calls and for the record. */
import { setTimeout as delay } from "node:timers/promises";
import type { ModelCall } from "#server/models/accept.ts";
import type { Count } from "#server/models/budgets.ts";
import { costNano } from "#server/models/prices.ts";
import type { Relayed } from "#server/models/relay.ts";
import { usedOf } from "#server/models/room-arithmetic.ts";
import type { ModelServices } from "#server/models/services.ts";
import { estimateTokens } from "#server/models/usage.ts";

export interface Tokens {
  input: number;
  output: number;
  /** Part of the input. */
  cacheRead: number;
  cacheWrite: number;
  /** The provider did not say. */
  estimated: boolean;
}

const NO_TOKENS: Tokens = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, estimated: false };

/** What the call is counted with: what the provider says; an estimate where it was asked and did not get to saying so. */
export function tokensOf(call: ModelCall, { ending, status, sent, usage, wholeBytes }: Relayed): Tokens {
  const unanswered = !(
    ending === "caller_gone" ||
    ending === "token_ended" ||
    ending === "locked" ||
    ending === "timeout" ||
    ending === "stopping"
  );
  if (!call.usesTokens || !sent || (status === null ? unanswered : status >= 300)) {
    return NO_TOKENS;
  }
  const { inputTokens, outputTokens, cacheReadTokens: cacheRead, cacheWriteTokens: cacheWrite } = usage.said;
  if (usage.complete) {
    return { input: inputTokens ?? 0, output: outputTokens ?? 0, cacheRead, cacheWrite, estimated: false };
  }
  const output = Math.max(outputTokens ?? 0, estimateTokens(usage.textBytes + wholeBytes));
  return { input: inputTokens ?? estimateTokens(call.bytes), output, cacheRead, cacheWrite, estimated: true };
}

/** Puts on record that a call is answered. Resolves with whether that is on the disk, and never rejects: the provider is asked meanwhile. */
export async function recordAcceptance(
  { audit, log }: Pick<ModelServices, "audit" | "log">,
  { id, caller, targets, route }: ModelCall,
): Promise<boolean> {
  try {
    await audit.append([
      {
        event: "model.accepted",
        outcome: "ok",
        ...caller.origin,
        data: { call: id, model: targets[0]?.model ?? null, path: route.path },
      },
    ]);
    return true;
  } catch (error) {
    log.error({ err: error, requestId: caller.requestId }, "a model call could not be recorded; it is not answered");
    return false;
  }
}

/** Two budgets of one scope and period share a count. */
const oncePerKey = (counts: readonly Count[]): readonly Count[] =>
  counts.length < 2 ? counts : [...new Map(counts.map((count) => [count.key, count])).values()];

interface Recording {
  tokens: Tokens;
  /** Milliseconds. */
  tookMs: number;
  /** Milliseconds before it is stored; 0 = somebody waits for that. */
  waitMs: number;
}

/** Resolves once the call is on record, and what it used is stored to be counted. */
export async function recordCall(
  { models }: ModelServices,
  call: ModelCall,
  { ending, status, target, attempts, failed }: Relayed,
  { tokens, tookMs, waitMs }: Recording,
): Promise<void> {
  const { caller, at, route, asked } = call;
  const cost = costNano(target.price, tokens);
  const wallMs = Math.round(tookMs);
  const used = { tokens: tokens.input + tokens.output, nano: cost ?? 0 };
  // Before it is stored: the caller may have its answer already, and asks again. The part that was used stays held; where it cannot be stored
  // the database frees it when the lease expires.
  models.room.settle(call.holds, used);
  if (waitMs > 0) {
    await delay(waitMs);
  }
  await models.ledger.add({
    id: call.id,
    at,
    payer: caller.payer,
    requestId: caller.requestId,
    asked,
    model: target.model,
    path: route.path,
    ending,
    status,
    inputTokens: tokens.input,
    outputTokens: tokens.output,
    estimated: tokens.estimated,
    costNano: cost,
    wallMs,
    counts: tokens === NO_TOKENS ? [] : oncePerKey(call.budgets),
    holds: call.holds.map(({ lease, held }) => ({
      lease: lease.id,
      key: lease.key,
      periodStart: lease.periodStart,
      ...usedOf(held, used),
    })),
    grant: caller.grant === null ? null : { ...caller.grant, reserved: call.reserved },
    event: {
      event: "model.called",
      outcome: ending === "answered" ? "ok" : "failed",
      ...caller.origin,
      reason: ending,
      data: {
        model: target.model,
        asked,
        attempts,
        failed: [...failed],
        path: route.path,
        status,
        inputTokens: tokens.input,
        outputTokens: tokens.output,
        estimated: tokens.estimated,
        costNano: cost,
        wallMs,
      },
    },
  });
}
