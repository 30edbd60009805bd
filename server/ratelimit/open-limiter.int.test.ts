import { createServer, type AddressInfo, type Socket } from "node:net";
import { Writable } from "node:stream";
import { inspect } from "node:util";
import { Redis } from "ioredis";
import { pino } from "pino";
import { afterEach, describe, expect, it } from "vitest";
import { startRedis, type TestRedis } from "../../tests/support/redis.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { systemClock } from "#server/core/clock.ts";
import { openLimiter, type OpenLimiter } from "#server/ratelimit/open-limiter.ts";
import type { LimitRule, StoreFailurePolicy } from "#server/ratelimit/schema.ts";

const PASSWORD = "s3cret-of-the-store";
const rule: LimitRule = {
  source: "security.rateLimit.perUser",
  key: "user:ana",
  windowMs: 60_000,
  max: 3,
  skipSuccessful: true,
  skipFailed: false,
};
const unavailable = { code: "STORE_UNAVAILABLE", retryAfterSeconds: 1 };

const toClose: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) {
    await close();
  }
});

async function redisServer(options: Parameters<typeof startRedis>[0] = {}): Promise<TestRedis> {
  const redis = await startRedis(options);
  toClose.push(() => redis.stop());
  return redis;
}

interface Opened {
  limiter: OpenLimiter;
  recorded: AuditEventInput[];
  log: string[];
  policy: { is: StoreFailurePolicy };
}

async function open(redisUrl: string | undefined, is: StoreFailurePolicy = "deny"): Promise<Opened> {
  const recorded: AuditEventInput[] = [];
  const log: string[] = [];
  const policy = { is };
  const limiter = await openLimiter({
    redisUrl,
    clock: systemClock,
    log: pino(new Writable({ write: (line, _encoding, done) => (log.push(String(line)), done()) })),
    onStoreFailure: () => policy.is,
    record: (event) => void recorded.push(event),
  });
  toClose.push(() => limiter.close());
  return { limiter, recorded, log, policy };
}

const namesOf = (recorded: AuditEventInput[]): string[] => recorded.map(({ event }) => event);

describe("where limits are counted", () => {
  it("RATE-6 in this process alone without REDIS_URL", async () => {
    const { limiter } = await open(undefined);
    const other = await open(undefined);
    await limiter.take([rule]);
    expect(await limiter.peek([rule])).toMatchObject([{ remaining: 2 }]);
    expect(await other.limiter.peek([rule])).toMatchObject([{ remaining: 3 }]);
  });

  it("RATE-6 in the Redis of REDIS_URL, together with all others that name it", async () => {
    const redis = await redisServer({ password: PASSWORD });
    const [one, two] = [await open(redis.url), await open(redis.url)];
    await one.limiter.take([rule]);
    expect(await two.limiter.peek([rule])).toMatchObject([{ remaining: 2 }]);
  });

  it("RATE-6 a refund that is under way when the process ends still arrives", async () => {
    const redis = await redisServer();
    const [one, two] = [await open(redis.url), await open(redis.url)];
    const answer = await one.limiter.take([rule]);
    expect(await two.limiter.peek([rule])).toMatchObject([{ remaining: 2 }]);
    if (answer.allowed) {
      answer.ticket.settle("succeeded");
    }
    await one.limiter.close();
    expect(await two.limiter.peek([rule])).toMatchObject([{ remaining: 3 }]);
  });
});

describe("RATE-6 the start is refused, naming the variable, the place and the way out but no secret", () => {
  it("when nobody listens there", async () => {
    const redis = await redisServer({ password: PASSWORD });
    await redis.kill();
    const failure = await open(redis.url).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(String(failure)).toMatch(new RegExp(`REDIS_URL.*127\\.0\\.0\\.1 port ${redis.port}.*ECONNREFUSED.*unset`));
    expect(String(failure)).not.toContain(PASSWORD);
  });

  it.each([
    ["a wrong password", "redis://:wr0ng-guess@", "WRONGPASS"],
    ["a missing password", "redis://", "NOAUTH"],
    ["a user it does not know", "redis://gate:wr0ng-guess@", "WRONGPASS"],
  ])("when Redis refuses %s", async (_name, begin, says) => {
    const redis = await redisServer({ password: PASSWORD });
    const failure: unknown = await open(`${begin}127.0.0.1:${redis.port}`).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(String(failure)).toContain(says);
    expect(inspect(failure, { depth: 9 })).not.toContain("wr0ng-guess");
  });

  it("when what listens there never answers", async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => void sockets.push(socket));
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    toClose.push(() => {
      sockets.forEach((socket) => socket.destroy());
      silent.close();
    });
    const { port } = silent.address() as AddressInfo;
    await expect(open(`redis://127.0.0.1:${port}`)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  });

  it("when it is a TLS address and the other side does not speak TLS", async () => {
    const redis = await redisServer();
    await expect(open(redis.url.replace("redis:", "rediss:"))).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  });
});

describe("RATE-6 Redis lost while running", () => {
  it("deny: refuses everything at once until Redis is back, then counts again by itself; begin and end are on record", async () => {
    const redis = await redisServer({ password: PASSWORD });
    const { limiter, recorded, log } = await open(redis.url);
    expect((await limiter.take([rule])).allowed).toBe(true);
    await redis.kill();
    const started = performance.now();
    for (let attempt = 0; attempt < 50; attempt += 1) {
      await expect(limiter.take([rule])).rejects.toMatchObject(unavailable);
    }
    await expect(limiter.peek([rule])).rejects.toMatchObject(unavailable);
    expect(performance.now() - started).toBeLessThan(1_000);
    expect((await limiter.take([])).allowed).toBe(true);
    expect(recorded).toMatchObject([
      { event: "limit.store_lost", outcome: "failed", reason: "store_unavailable", data: { policy: "deny" } },
    ]);
    await redis.start();
    await expect
      .poll(() => namesOf(recorded), { timeout: 10_000 })
      .toEqual(["limit.store_lost", "limit.store_restored"]);
    expect(await limiter.take([rule])).toMatchObject({ allowed: true, tightest: { remaining: 2 } });
    expect(log).toHaveLength(2);
    expect(JSON.stringify([recorded, log])).not.toContain(PASSWORD);
  });

  it("local: counts in this process meanwhile, exactly, and in Redis again afterwards", async () => {
    const redis = await redisServer();
    const { limiter, recorded } = await open(redis.url, "local");
    await limiter.take([rule]);
    await redis.kill();
    const answers = await Promise.all(Array.from({ length: 10 }, () => limiter.take([rule])));
    expect(answers.filter(({ allowed }) => allowed)).toHaveLength(3);
    expect(await limiter.peek([rule])).toMatchObject([{ remaining: 0 }]);
    await redis.start();
    await expect
      .poll(() => namesOf(recorded), { timeout: 10_000 })
      .toEqual(["limit.store_lost", "limit.store_restored"]);
    expect(recorded[0]?.data).toMatchObject({ policy: "local" });
    expect(await limiter.peek([rule])).toMatchObject([{ remaining: 3 }]);
  });

  it("a changed policy is in force within the outage", async () => {
    const redis = await redisServer();
    const { limiter, policy } = await open(redis.url);
    await redis.kill();
    await expect(limiter.take([rule])).rejects.toMatchObject(unavailable);
    policy.is = "local";
    expect((await limiter.take([rule])).allowed).toBe(true);
  });

  it("a Redis that hangs holds a request for half a second at most, and the next ones not at all", async () => {
    const redis = await redisServer();
    const { limiter, recorded } = await open(redis.url);
    redis.freeze(true);
    const timed = async (): Promise<number> => {
      const started = performance.now();
      await expect(limiter.take([rule])).rejects.toMatchObject(unavailable);
      return performance.now() - started;
    };
    const first = timed();
    await new Promise((resolve) => setImmediate(resolve));
    const behindIt = timed();
    expect(await first).toBeLessThan(1_000);
    expect(await behindIt).toBeLessThan(1_000);
    expect(await timed()).toBeLessThan(200);
    redis.freeze(false);
    await expect
      .poll(() => namesOf(recorded), { timeout: 10_000 })
      .toEqual(["limit.store_lost", "limit.store_restored"]);
    expect((await limiter.take([rule])).allowed).toBe(true);
  });

  it("a Redis that answers but does not let us count is one long outage, not many short ones", async () => {
    const redis = await redisServer();
    const { limiter, recorded } = await open(redis.url);
    const inspector = new Redis(redis.url);
    toClose.push(() => inspector.disconnect());
    await inspector.acl("SETUSER", "default", "-zadd");
    await expect(limiter.take([rule])).rejects.toMatchObject(unavailable);
    const failed = async (): Promise<number> =>
      Number(/cmdstat_evalsha:.*failed_calls=(\d+)/.exec(await inspector.info("commandstats"))?.[1]);
    await expect.poll(failed, { timeout: 10_000 }).toBeGreaterThan(3);
    await expect(limiter.take([rule])).rejects.toMatchObject(unavailable);
    expect(namesOf(recorded)).toEqual(["limit.store_lost"]);
    await inspector.acl("SETUSER", "default", "+zadd");
    await expect
      .poll(() => namesOf(recorded), { timeout: 10_000 })
      .toEqual(["limit.store_lost", "limit.store_restored"]);
    expect(await limiter.take([rule])).toMatchObject({ allowed: true, tightest: { remaining: 2 } });
  });

  it("a Redis that comes back with another password is not used, and neither password is told", async () => {
    const redis = await redisServer({ password: PASSWORD });
    const { limiter, recorded, log } = await open(redis.url);
    const answer = await limiter.take([rule]);
    await redis.kill();
    await redis.start("an0ther-secret");
    await expect(limiter.take([rule])).rejects.toMatchObject(unavailable);
    if (answer.allowed) {
      answer.ticket.settle("succeeded");
    }
    await expect.poll(() => log.filter((line) => line.includes("given back"))).toHaveLength(1);
    expect(namesOf(recorded)).toEqual(["limit.store_lost"]);
    expect(JSON.stringify([recorded, log])).not.toMatch(/s3cret|an0ther/);
  });
});
