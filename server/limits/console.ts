/** What the console asks about limits. */
import { hostname } from "node:os";
import type { ExplainRequest } from "#server/access/schema.ts";
import { listEvents } from "#server/audit/index.ts";
import type { Actor } from "#server/audit/schema.ts";
import { isAppError } from "#server/core/errors.ts";
import { explainLimits } from "#server/gateway/index.ts";
import type { LimitCounterView, LimitExplanation, LimitStatus, RefusalPage } from "#server/limits/schema.ts";
import { configuredLimits, firstToRefuse, partsOf } from "#server/ratelimit/policy.ts";
import type { LimitCounter, LimitState } from "#server/ratelimit/schema.ts";
import type { AppServices } from "#server/services.ts";

const SHOWN_COUNTERS = 50;
const SHOWN_REFUSALS = 50;

type StatusServices = Pick<AppServices, "limiter" | "config" | "clock" | "system">;

export async function limitStatus({ limiter, config, clock, system }: StatusServices): Promise<LimitStatus> {
  const { rateLimit } = config.current().config.security;
  const states = await limiter.snapshot(SHOWN_COUNTERS).catch((error: unknown) => {
    if (isAppError(error) && error.code === "STORE_UNAVAILABLE") {
      return null;
    }
    throw error;
  });
  return {
    now: new Date(clock.now()),
    enabled: rateLimit.enabled,
    store: limiter.store(),
    onStoreFailure: rateLimit.onStoreFailure,
    server: { host: hostname(), pid: process.pid, startedAt: system.startedAt },
    watched: limiter.watched(),
    rules: rateLimit.enabled ? configuredLimits(rateLimit) : [],
    counters: states?.map(viewOf) ?? null,
  };
}

/** @throws AppError STORE_UNAVAILABLE */
export async function explainedLimits(services: AppServices, question: ExplainRequest): Promise<LimitExplanation> {
  const { states, ...answer } = await explainLimits(services, question);
  return {
    ...answer,
    now: new Date(services.clock.now()),
    rules: states.map(viewOf),
    first: firstToRefuse(states)?.rule.source ?? null,
  };
}

/** Forgets one count. On record before it is answered. @throws AppError STORE_UNAVAILABLE, AUDIT_UNAVAILABLE. */
export async function resetCounter(
  { limiter, audit }: Pick<AppServices, "limiter" | "audit">,
  actor: Actor,
  counter: LimitCounter,
): Promise<{ counted: boolean }> {
  const common = { event: "limit.reset", actor, target: counter.key, because: counter.source } as const;
  let counted: boolean;
  try {
    counted = await limiter.reset(counter);
  } catch (error) {
    await audit.append([{ ...common, outcome: "failed", reason: "store_unavailable" }]);
    throw error;
  }
  await audit.append([{ ...common, outcome: "ok", data: { counted } }]);
  return { counted };
}

/** From the record, newest first; what is not sealed yet is not among them. */
export async function recentRefusals(
  { pool, clock }: Pick<AppServices, "pool" | "clock">,
  before: number | undefined,
): Promise<RefusalPage> {
  const { events, next } = await listEvents(pool, { event: "limit.exceeded", before, limit: SHOWN_REFUSALS });
  return {
    now: new Date(clock.now()),
    refusals: events.map((row) => ({
      seq: row.seq,
      at: new Date(row.at),
      actor: row.actorId,
      user: row.userId ?? null,
      channel: row.channel ?? null,
      address: row.address ?? null,
      source: row.because ?? null,
      key: textOf(row.data["key"]),
      command: textOf(row.data["command"]),
      count: typeof row.data["count"] === "number" ? row.data["count"] : 1,
      requestId: row.requestId ?? null,
    })),
    next,
  };
}

const textOf = (value: unknown): string | null => (typeof value === "string" ? value : null);

function viewOf({ rule, remaining, retryAfterMs }: LimitState): LimitCounterView {
  return { ...rule, ...partsOf(rule), used: rule.max - remaining, remaining, retryAfterMs };
}
