import fc from "fast-check";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { play, scenarios } from "../../tests/support/limit-model.ts";
import { startRedis, type TestRedis } from "../../tests/support/redis.ts";
import { createLogger } from "#server/core/log.ts";
import { connectRedis } from "#server/ratelimit/redis-connection.ts";
import { createRedisLimiter } from "#server/ratelimit/redis-limiter.ts";
import { watchLimiter } from "#server/ratelimit/watch-limiter.ts";
import type { Limiter, LimitRule } from "#server/ratelimit/schema.ts";

const log = createLogger("test", "silent");
const PATTERNS = 2_500;
let server: TestRedis;
let connections: [Redis, Redis];
/** Looks into the store from outside. */
let inspector: Redis;

beforeAll(async () => {
  server = await startRedis();
  connections = await Promise.all([connectRedis(server.url), connectRedis(server.url)]);
  inspector = new Redis(server.url);
});
afterAll(async () => {
  await Promise.all([inspector, ...connections].map((redis) => redis.quit()));
  await server.stop();
});

const rule = (over: Partial<LimitRule> = {}): LimitRule => ({
  source: "security.rateLimit.perUser",
  key: "user:ana",
  windowMs: 60_000,
  max: 3,
  skipSuccessful: false,
  skipFailed: false,
  ...over,
});

let tests = 0;
/** Two limiters on connections of their own; they share one budget, which nobody else has. */
function limiters(clock: "redis" | { now(): number } = "redis"): { one: Limiter; two: Limiter } {
  tests += 1;
  const options = { log, clock, prefix: `{ocg}:test${tests}:` };
  const [first, second] = connections;
  return {
    one: createRedisLimiter({ redis: first, ...options }),
    two: createRedisLimiter({ redis: second, ...options }),
  };
}

function movedClock() {
  const clock = { time: 1_900_000_000_000, now: () => clock.time };
  return clock;
}

const keysOfTest = (): Promise<string[]> => inspector.keys(`{ocg}:test${tests}:*`);

describe("the Redis limiter", () => {
  it.each([1, 2])(
    "RATE-1 RATE-6 admits what the model admits in 2,500 random arrivals at %i instances",
    async (instances) => {
      await fc.assert(
        fc.asyncProperty(scenarios(instances), async (scenario) => {
          const clock = movedClock();
          const { one, two } = limiters(clock);
          await play(scenario, instances === 1 ? [one] : [one, two], clock);
        }),
        { numRuns: PATTERNS },
      );
    },
  );

  it("RATE-6 two instances asked at the same time by Redis' own clock admit the budget and not one more", async () => {
    const { one, two } = limiters();
    const rules = [rule({ source: "wide", max: 70 }), rule({ max: 50 })];
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, index) => (index % 2 === 0 ? one : two).take(rules)),
    );
    expect(answers.filter((answer) => answer.allowed).length).toBe(50);
    const states = await one.peek(rules);
    expect(states.map(({ remaining }) => remaining)).toEqual([20, 0]);
    expect(states[1]?.retryAfterMs).toBeGreaterThan(50_000);
    expect(states[1]?.retryAfterMs).toBeLessThanOrEqual(60_000);
  });

  it("RATE-6 needs one round trip for all rules, and keeps neither users nor rules in the clear", async () => {
    const { one: limiter } = limiters();
    const rules = [rule(), rule({ source: "security.rateLimit.global", key: "global" }), rule({ key: "user:bob" })];
    await limiter.take(rules);
    const monitor = await inspector.monitor();
    const fromOutside: string[] = [];
    monitor.on("monitor", (_time: string, [command = ""]: string[], source: string) => {
      if (source !== "lua") {
        fromOutside.push(command.toLowerCase());
      }
    });
    await limiter.take(rules);
    await inspector.echo("end");
    await expect.poll(() => fromOutside).toEqual(["evalsha", "echo"]);
    monitor.disconnect();
    const names = await keysOfTest();
    expect(names).toHaveLength(3);
    for (const name of names) {
      expect(name).toMatch(/^\{ocg\}:test\d+:[0-9a-f]{32}$/);
    }
  });

  it("RATE-6 holds at most as many entries as a rule's maximum, and its keys end by themselves", async () => {
    const { one: limiter } = limiters();
    for (let attempt = 0; attempt < 20; attempt += 1) {
      await limiter.take([rule({ windowMs: 2_000 })]);
    }
    const [key = ""] = await keysOfTest();
    expect(await inspector.zcard(key)).toBe(3);
    const lifetime = await inspector.pttl(key);
    expect(lifetime).toBeGreaterThan(1_000);
    expect(lifetime).toBeLessThanOrEqual(3_000);
    await expect.poll(() => inspector.exists(key), { timeout: 10_000 }).toBe(0);
  });

  it("RATE-6 looking takes no place and leaves no key behind", async () => {
    const { one: limiter } = limiters();
    expect(await limiter.peek([rule()])).toMatchObject([{ remaining: 3, retryAfterMs: 0 }]);
    expect(await keysOfTest()).toEqual([]);
  });

  it("RATE-6 counts a moment of the microsecond clock exactly: no rounding of large numbers", async () => {
    const clock = movedClock();
    const { one: limiter } = limiters(clock);
    clock.time = 1_999_999_999_999.123;
    await limiter.take([rule({ max: 1 })]);
    clock.time = 2_000_000_059_999.113;
    expect(await limiter.take([rule({ max: 1 })])).toMatchObject({ allowed: false, exceeded: { retryAfterMs: 1 } });
    clock.time = 2_000_000_059_999.123;
    expect(await limiter.take([rule({ max: 1 })])).toMatchObject({ allowed: true });
  });

  it("RATE-1 a changed rule goes on with the requests already counted", async () => {
    const clock = movedClock();
    const { one: limiter } = limiters(clock);
    for (const _ of [1, 2, 3]) {
      await limiter.take([rule()]);
      clock.time += 10_000;
    }
    expect(await limiter.take([rule({ max: 2 })])).toMatchObject({
      allowed: false,
      exceeded: { retryAfterMs: 40_000 },
    });
    expect(await limiter.peek([rule({ max: 5, windowMs: 600_000 })])).toMatchObject([{ remaining: 2 }]);
    expect(await limiter.peek([rule({ windowMs: 15_000 })])).toMatchObject([{ remaining: 2 }]);
  });

  it("RATE-6 a snapshot shows what all instances counted, names those whom this one counted, and spends nothing", async () => {
    const { one, two } = limiters();
    const watched = watchLimiter(one);
    await watched.take([rule()]);
    await two.take([rule()]);
    await two.take([rule({ key: "user:elsewhere" })]);
    const states = await watched.snapshot(10);
    expect(states).toMatchObject([{ rule: { key: "user:ana" }, remaining: 1 }]);
    await watched.snapshot(10);
    expect(await two.peek([rule()])).toMatchObject([{ remaining: 1 }]);
  });

  it("RATE-6 a reset holds for all instances, and a place given back afterwards is nobody else's", async () => {
    const { one, two } = limiters();
    const ana = rule({ skipSuccessful: true });
    const first = await one.take([ana]);
    await two.take([rule({ key: "user:bo" })]);
    expect(await two.reset(ana)).toBe(true);
    expect(await two.reset(ana)).toBe(false);
    await two.take([ana]);
    if (first.allowed) {
      first.ticket.settle("succeeded");
    }
    expect(await one.peek([ana, rule({ key: "user:bo" })])).toMatchObject([{ remaining: 2 }, { remaining: 2 }]);
  });

  it("RATE-6 works again after Redis has forgotten its scripts", async () => {
    const { one: limiter } = limiters();
    await limiter.take([rule()]);
    await inspector.script("FLUSH");
    expect(await limiter.take([rule()])).toMatchObject({ allowed: true, tightest: { remaining: 1 } });
  });
});
