/** The limiter of several processes: counts live in Redis, so that all of them share one budget. */
import { hash, randomBytes } from "node:crypto";
import type { Redis } from "ioredis";
import type { Clock } from "#server/core/clock.ts";
import { messageOf } from "#server/core/errors.ts";
import type { Logger } from "#server/core/log.ts";
import { admitted, refused, ticketFor } from "#server/ratelimit/answer.ts";
import { TAKE_SCRIPT } from "#server/ratelimit/redis-script.ts";
import type { LimitAnswer, LimitCounter, Limiter, LimitRule, LimitState } from "#server/ratelimit/schema.ts";

const SCRIPT_SHA = hash("sha1", TAKE_SCRIPT);
const KEY_HEX_DIGITS = 32;
const US_PER_MS = 1000;
/** The braces make a cluster keep all keys in one place, which one script over several keys needs. */
const PREFIX = "{ocg}:limit:";

interface RedisLimiterOptions {
  redis: Redis;
  log: Logger;
  /** Begin of every key. */
  prefix?: string;
  /** Default: Redis' own clock. Another one serves tests, which cannot wait for windows to pass. */
  clock?: "redis" | Clock;
}

/** Its methods throw what the connection throws; `guarded-limiter.ts` decides what that means. */
export function createRedisLimiter({ redis, log, prefix = PREFIX, clock = "redis" }: RedisLimiterOptions): Limiter {
  const self = randomBytes(9).toString("base64url");
  let takes = 0;

  /** Rules are hashed: neither user ids nor configuration stand in Redis in the clear. */
  const keyOf = ({ source, key }: LimitCounter): string =>
    prefix + hash("sha256", `${source}\0${key}`).slice(0, KEY_HEX_DIGITS);

  async function call(rules: readonly LimitRule[], member: string): Promise<{ free: boolean; states: LimitState[] }> {
    const time = clock === "redis" ? "" : String(Math.round(clock.now() * US_PER_MS));
    const values = rules.flatMap((rule) => [rule.windowMs * US_PER_MS, rule.max]);
    const args = [...rules.map(keyOf), member, time, ...values];
    const [free, ...numbers] = numbersOf(await evaluate(args, rules.length), 1 + 2 * rules.length);
    const states = rules.map((rule, index) => ({
      rule,
      remaining: Math.max(0, rule.max - (numbers[2 * index] ?? rule.max)),
      retryAfterMs: numbers[2 * index + 1] ?? rule.windowMs,
    }));
    return { free: free === 1, states };
  }

  async function evaluate(args: (string | number)[], keys: number): Promise<unknown> {
    try {
      return await redis.evalsha(SCRIPT_SHA, keys, ...args);
    } catch (error) {
      if (!messageOf(error).startsWith("NOSCRIPT")) {
        throw error;
      }
      return redis.eval(TAKE_SCRIPT, keys, ...args);
    }
  }

  /** Nothing is lost by a failure but the refund: the place stays taken until its window has passed. */
  function giveBack(rules: readonly LimitRule[], member: string): void {
    Promise.all(rules.map((rule) => redis.zrem(keyOf(rule), member))).catch((error: unknown) =>
      log.warn({ reason: messageOf(error) }, "a place in a rate limit could not be given back"),
    );
  }

  async function take(rules: readonly LimitRule[]): Promise<LimitAnswer> {
    takes += 1;
    const member = `${self}${takes.toString(36)}`;
    const { free, states } = await call(rules, member);
    if (!free) {
      return refused(states);
    }
    return admitted(
      states,
      ticketFor(rules, (skipping) => giveBack(skipping, member)),
    );
  }

  return {
    take,
    peek: async (rules) => (await call(rules, "")).states,
    reset: async (counter) => (await redis.del(keyOf(counter))) > 0,
  };
}

/** @throws Error for anything but that many whole numbers, so that a strange answer never admits anybody. */
function numbersOf(reply: unknown, length: number): number[] {
  if (!Array.isArray(reply) || reply.length !== length || !reply.every(isWhole)) {
    throw new Error("Redis answered the limit script with something else than its numbers");
  }
  return reply;
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
