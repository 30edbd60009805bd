import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { RECORDED } from "../../tests/support/audit.ts";
import { callerOf, memberSession } from "../../tests/support/console-caller.ts";
import { openTestSealer } from "../../tests/support/sealer.ts";
import { openTokenBench, type TokenBench } from "../../tests/support/tokens.ts";
import { createAuditWriter, createCollapser, type AuditWriter } from "#server/audit/index.ts";
import { createLogger } from "#server/core/log.ts";
import { ensureHome, homePaths } from "#server/core/paths.ts";
import { AppError } from "#server/core/errors.ts";
import { openLimiter, type OpenLimiter } from "#server/ratelimit/index.ts";
import { rulesFor } from "#server/ratelimit/policy.ts";
import type { AppServices } from "#server/services.ts";

const RATE_LIMIT = {
  enabled: true,
  onStoreFailure: "deny",
  global: { windowMs: 60_000, maxRequests: 100 },
  perUser: { windowMs: 60_000, maxRequests: 10, skipSuccessfulRequests: true },
  perChannel: { windowMs: 60_000, maxRequests: 50 },
  roleLimits: { user: { windowMs: 60_000, maxRequests: 5 } },
  commandLimits: { ask: { windowMs: 1_000, maxRequests: 3 } },
} as const;
const facts = { subject: "ana", role: "user", channel: "api", command: "ask", restriction: null };
const log = createLogger("test", "silent");

let bench: TokenBench;
let audit: AuditWriter;
let limiter: OpenLimiter;
let services: Partial<AppServices>;

beforeAll(async () => {
  bench = await openTokenBench();
  audit = createAuditWriter({ pool: bench.pool, log });
});
afterAll(async () => {
  await audit.close();
  await bench.close();
});
beforeEach(async () => {
  const { db, clock, policy } = bench.deps;
  limiter = await openLimiter({
    redisUrl: undefined,
    clock,
    log,
    onStoreFailure: () => "deny",
    record: () => undefined,
  });
  services = {
    ...{ db, pool: bench.pool, clock, audit, limiter, refusals: createCollapser(audit) },
    system: { version: "1", startedAt: new Date(clock.now()), home: "/home" },
    policy: { current: () => policy },
    config: { current: () => ({ config: { security: { rateLimit: RATE_LIMIT } } }) },
  } as unknown as Partial<AppServices>;
});

const as = (...permissions: string[]) => callerOf(services, memberSession("mem_ana", { permissions })).limits;
const send = (times: number, over: Partial<typeof facts> = {}) =>
  Array.from({ length: times }).reduce<Promise<unknown>>(
    (before) => before.then(() => limiter.take(rulesFor(RATE_LIMIT, { ...facts, ...over }))),
    Promise.resolve(),
  );

describe("limits in the console", () => {
  it("RATE-1 shows who is nearest to which limit, with the numbers of the gate, and spends nothing", async () => {
    await send(2);
    await send(1, { subject: "bo" });
    const before = await limiter.peek(rulesFor(RATE_LIMIT, facts));
    const status = await as("limits:read").status();
    expect(status).toMatchObject({ enabled: true, store: "memory", server: { pid: process.pid } });
    expect(status.rules.map(({ source, max }) => [source, max])).toEqual([
      ["security.rateLimit.global", 100],
      ["security.rateLimit.perUser", 10],
      ["security.rateLimit.perChannel", 50],
      ["security.rateLimit.roleLimits.user", 5],
      ["security.rateLimit.commandLimits.ask", 3],
    ]);
    expect(status.counters?.slice(0, 3).map(({ scope, subject, used, max }) => [scope, subject, used, max])).toEqual([
      ["command", "ana", 2, 3],
      ["role", "ana", 2, 5],
      ["command", "bo", 1, 3],
    ]);
    await as("limits:read").explain({ user: "ana", command: "ask" });
    expect(await limiter.peek(rulesFor(RATE_LIMIT, facts))).toEqual(before);
  });

  it("RATE-2 explains every rule a message would count against, and the one that would refuse it first", async () => {
    await send(2);
    const explained = await as("limits:read").explain({ user: "ana", role: "user", channel: "api", command: "ask" });
    expect(explained).toMatchObject({ refusal: null, subject: "ana", role: "user" });
    expect(explained.rules.map(({ source, used, remaining }) => [source, used, remaining])).toEqual([
      ["security.rateLimit.global", 2, 98],
      ["security.rateLimit.perUser", 2, 8],
      ["security.rateLimit.perChannel", 2, 48],
      ["security.rateLimit.roleLimits.user", 2, 3],
      ["security.rateLimit.commandLimits.ask", 2, 1],
    ]);
    expect(explained.first).toBe("security.rateLimit.commandLimits.ask");
    expect(explained.rules[1]).toMatchObject({ skipSuccessful: true, skipFailed: false });
  });

  it("RATE-2 a token counts for its family, a bound one for its user; one that has ended is let in nowhere", async () => {
    const bot = await bench.mint({ ownerId: "limits" });
    const bound = await bench.mint({ ownerId: "limits", userId: "carl" });
    const caller = as("limits:read");
    expect(await caller.explain({ token: bot.id, command: "ask" })).toMatchObject({ subject: `token:${bot.id}` });
    expect(await caller.explain({ token: bound.id, command: "ask" })).toMatchObject({ subject: "carl" });
    expect(await caller.explain({ token: "000000000000", command: "ask" })).toMatchObject({
      sender: null,
      refusal: { message: expect.stringContaining("There is no token") as string },
      rules: [],
      first: null,
    });
  });

  it("RATE-2 a message that the policy refuses counts against nothing, and the answer says which rule refused it", async () => {
    const explained = await as("limits:read").explain({ role: "runner", command: "status" });
    expect(explained.rules).toEqual([]);
    expect(explained.refusal).toMatchObject({ because: "role.permissions" });
    await expect(as("limits:read").explain({ command: "ask" })).rejects.toMatchObject({
      cause: { code: "INVALID_INPUT" },
    });
  });

  it("RATE-1 a reset lets the held-up go on, touches nobody else, and is on record", async () => {
    await send(3);
    await send(3, { subject: "bo" });
    expect((await limiter.take(rulesFor(RATE_LIMIT, facts))).allowed).toBe(false);
    const counter = { source: "security.rateLimit.commandLimits.ask", key: "command:ask:ana" };
    await expect(as("limits:read").reset(counter)).rejects.toMatchObject({ cause: { code: "FORBIDDEN" } });
    expect((await limiter.take(rulesFor(RATE_LIMIT, facts))).allowed).toBe(false);
    expect(await as("limits:reset").reset(counter)).toEqual({ counted: true });
    expect((await limiter.take(rulesFor(RATE_LIMIT, facts))).allowed).toBe(true);
    expect((await limiter.take(rulesFor(RATE_LIMIT, { ...facts, subject: "bo" }))).allowed).toBe(false);
    expect(
      await bench.sql(
        `SELECT outcome, actor_id, because, data->'counted' AS counted FROM ${RECORDED} AS record WHERE target = $1 ORDER BY n`,
        [counter.key],
      ),
    ).toEqual([{ outcome: "ok", actor_id: "mem_ana", because: counter.source, counted: true }]);
  });

  it("RATE-6 while the store is lost the page still answers, and a reset that failed is on record as such", async () => {
    const lost = () => Promise.reject(new AppError("STORE_UNAVAILABLE", "gone"));
    services.limiter = { ...limiter, snapshot: lost, reset: lost, store: () => "lost" };
    expect(await as("limits:read").status()).toMatchObject({ store: "lost", counters: null, onStoreFailure: "deny" });
    const counter = { source: "security.rateLimit.perUser", key: "user:lost" };
    await expect(as("limits:reset").reset(counter)).rejects.toMatchObject({ cause: { code: "STORE_UNAVAILABLE" } });
    expect(
      await bench.sql(`SELECT outcome, reason FROM ${RECORDED} AS record WHERE target = $1`, [counter.key]),
    ).toEqual([{ outcome: "failed", reason: "store_unavailable" }]);
  });

  it("RATE-5 recent refusals come from the record, newest first, with what they stand for", async () => {
    const paths = homePaths(mkdtempSync(join(tmpdir(), "openclaw-limits-")));
    ensureHome(paths);
    await audit.append(
      [1, 2, 3].map((n) => ({
        event: "limit.exceeded",
        outcome: "denied",
        actor: { type: "token", id: "abcdefghijkl" },
        userId: `user${n}`,
        channel: "api",
        reason: "rate_limited",
        because: "security.rateLimit.perUser",
        data: { key: `user:user${n}`, max: 10, windowMs: 60_000, command: "ask", count: n },
      })),
    );
    const sealer = await openTestSealer({
      connectionString: bench.database.sealerUrl,
      keysDir: paths.keysDir,
      mirrorFile: join(paths.logsDir, "audit.log"),
    });
    await sealer.close();
    rmSync(paths.home, { recursive: true, force: true });
    const { refusals, next } = await as("limits:read").refusals({});
    expect(refusals[0]).toMatchObject({
      user: "user3",
      source: "security.rateLimit.perUser",
      key: "user:user3",
      command: "ask",
      count: 3,
    });
    expect(next).toBeNull();
    expect((await as("limits:read").refusals({ before: refusals[0]?.seq })).refusals.length).toBe(2);
    await expect(as("tokens:read").refusals({})).rejects.toMatchObject({ cause: { code: "FORBIDDEN" } });
  });
});
