/** Chooses where counts live: in Redis when `REDIS_URL` is set, for any number of processes; else in this one's memory. */
import type { AuditEventInput } from "#server/audit/schema.ts";
import type { Clock } from "#server/core/clock.ts";
import type { Logger } from "#server/core/log.ts";
import { createGuardedLimiter, type OutageChange } from "#server/ratelimit/guarded-limiter.ts";
import { createMemoryLimiter } from "#server/ratelimit/memory-limiter.ts";
import { connectRedis, unusable } from "#server/ratelimit/redis-connection.ts";
import { createRedisLimiter } from "#server/ratelimit/redis-limiter.ts";
import type { LimitRule, LimitStore, StoreFailurePolicy, WatchedLimiter } from "#server/ratelimit/schema.ts";
import { watchLimiter } from "#server/ratelimit/watch-limiter.ts";

interface OpenLimiterOptions {
  redisUrl: string | undefined;
  clock: Clock;
  log: Logger;
  onStoreFailure: () => StoreFailurePolicy;
  /** Records begin and end of an outage of the store. */
  record: (event: AuditEventInput) => void;
}

export interface OpenLimiter extends WatchedLimiter {
  store(): LimitStore;
  /** Sends what is still to be given back, then ends the connection. */
  close(): Promise<void>;
}

/** Counted to learn whether the store can count: one that answers may still refuse to write. Never full. */
const PROBE: LimitRule = {
  source: "probe",
  key: "",
  windowMs: 1000,
  max: 1_000_000,
  skipSuccessful: false,
  skipFailed: false,
};

/** @throws AppError CONFIG_INVALID / STORE_UNAVAILABLE when `REDIS_URL` is set and cannot be used. */
export async function openLimiter({
  redisUrl,
  clock,
  log,
  onStoreFailure,
  record,
}: OpenLimiterOptions): Promise<OpenLimiter> {
  const local = createMemoryLimiter(clock);
  if (redisUrl === undefined) {
    return { ...watchLimiter(local), store: () => "memory", close: async () => undefined };
  }
  const redis = await connectRedis(redisUrl);
  const shared = createRedisLimiter({ redis, log });
  const probe = (): Promise<unknown> => shared.take([PROBE]);
  try {
    await probe();
  } catch (error) {
    redis.disconnect();
    throw unusable(redisUrl, error);
  }
  const onChange = (change: OutageChange): void => record(outageEvent(change));
  const guarded = createGuardedLimiter({ shared, local, probe, policy: onStoreFailure, onChange, clock, log });
  return {
    ...watchLimiter(guarded),
    store: () => (guarded.isLost() ? "lost" : "shared"),
    async close() {
      guarded.close();
      // QUIT would overtake refunds that wait to be sent; a count waits behind them.
      await probe()
        .then(() => redis.quit())
        .catch(() => redis.disconnect());
    },
  };
}

function outageEvent(change: OutageChange): AuditEventInput {
  const common = { actor: { type: "system", id: "server" }, because: "security.rateLimit.onStoreFailure" } as const;
  return change.kind === "lost"
    ? {
        ...common,
        event: "limit.store_lost",
        outcome: "failed",
        reason: "store_unavailable",
        data: { policy: change.policy, problem: change.reason },
      }
    : { ...common, event: "limit.store_restored", outcome: "ok", data: { outageMs: change.outageMs } };
}
