/**
 * A limiter that can be gone, made safe: the first failure opens an outage in which no request waits for the store any more; it is
 * asked in the background until it answers. Meanwhile the policy decides, and the default is to refuse.
 */
import type { Clock } from "#server/core/clock.ts";
import { AppError, messageOf } from "#server/core/errors.ts";
import type { Logger } from "#server/core/log.ts";
import type { Limiter, StoreFailurePolicy } from "#server/ratelimit/schema.ts";

const ASK_AGAIN_AFTER_MS = 250;

export type OutageChange =
  { kind: "lost"; policy: StoreFailurePolicy; reason: string } | { kind: "restored"; outageMs: number };

interface GuardedLimiterOptions {
  shared: Limiter;
  local: Limiter;
  /** Resolves when the shared store can count again. */
  probe: () => Promise<unknown>;
  /** Asked for every request of an outage, so that a change of configuration is in force at once. */
  policy: () => StoreFailurePolicy;
  onChange: (change: OutageChange) => void;
  clock: Clock;
  log: Logger;
}

export interface GuardedLimiter extends Limiter {
  /** Whether the shared store is away now. */
  isLost(): boolean;
  /** Stops asking for a lost store. */
  close(): void;
}

export function createGuardedLimiter(options: GuardedLimiterOptions): GuardedLimiter {
  const { shared, local, probe, policy, onChange, clock, log } = options;
  let lostAt: number | null = null;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  async function count<Answer>(work: (limiter: Limiter) => Promise<Answer>): Promise<Answer> {
    if (lostAt === null) {
      try {
        return await work(shared);
      } catch (error) {
        lose(messageOf(error));
      }
    }
    if (policy() === "local") {
      return work(local);
    }
    throw new AppError("STORE_UNAVAILABLE", "The store of the rate limits does not answer. Try again in a moment.", {
      retryAfterSeconds: 1,
    });
  }

  function lose(reason: string): void {
    if (lostAt !== null) {
      return;
    }
    lostAt = clock.now();
    log.warn({ reason, policy: policy() }, "the store of the rate limits is lost");
    onChange({ kind: "lost", policy: policy(), reason });
    askAgain(0);
  }

  function askAgain(delayMs: number): void {
    if (closed) {
      return;
    }
    timer = setTimeout(() => {
      probe().then(restore, () => askAgain(ASK_AGAIN_AFTER_MS));
    }, delayMs).unref();
  }

  function restore(): void {
    if (closed) {
      return;
    }
    const outageMs = clock.now() - (lostAt ?? clock.now());
    lostAt = null;
    log.warn({ outageMs }, "the store of the rate limits is back");
    onChange({ kind: "restored", outageMs });
  }

  return {
    // Where no rule applies there is nothing to count, store or no store.
    take: (rules) => (rules.length === 0 ? local.take(rules) : count((limiter) => limiter.take(rules))),
    peek: (rules) => (rules.length === 0 ? local.peek(rules) : count((limiter) => limiter.peek(rules))),
    reset: (counter) => count((limiter) => limiter.reset(counter)),
    isLost: () => lostAt !== null,
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
