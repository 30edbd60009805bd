import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../tests/support/database.ts";
import type { LoadedConfig } from "#server/config/index.ts";
import { createDb, type Db } from "#server/core/db/client.ts";
import { createPool } from "#server/core/db/pool.ts";
import { webOrigin } from "#server/core/http/web-origin.ts";
import { OverviewStatus } from "#server/overview/schema.ts";
import { overviewStatus } from "#server/overview/service.ts";

const NOW = Date.now();
const SECRET_CODE = "print('do not show me in a list')";
let database: TestDatabase;
let owner: Db;
let app: Db;
const pools: { end(): Promise<void> }[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  const connect = (connectionString: string): Db => {
    const pool = createPool({ connectionString, name: "test", max: 4 });
    pools.push(pool);
    return createDb(pool);
  };
  owner = connect(database.ownerUrl);
  app = connect(database.appUrl);
});
afterAll(async () => {
  await owner.$disconnect();
  await app.$disconnect();
  await Promise.all(pools.map((pool) => pool.end()));
  await database.drop();
});

const read = () =>
  overviewStatus({
    db: app,
    clock: { now: () => NOW },
    web: webOrigin({ bind: "127.0.0.1", port: 18789, tls: false }),
    system: { version: "1.2.3", startedAt: new Date(NOW - 5_000), home: "/home/x/.openclaw" },
    backups: () => ({ last: { at: new Date(NOW), kind: "full", bytes: 1 }, lastVerified: null }),
    config: {
      current: () =>
        ({
          warnings: [{ severity: "warning", path: "a.b", line: 1, column: 1, reason: "R", fix: "F" }],
          config: { security: { storage: { backupInterval: 86_400_000 } } },
        }) as unknown as LoadedConfig,
      status: () => ({
        file: "/f",
        loadedAt: new Date(NOW),
        hash: "h",
        error: [{ severity: "error", path: "c", line: 7, column: 1, reason: "R", fix: "F" }],
      }),
    },
  });

test("an empty installation is described in full, with the web process's own rights", async () => {
  const status = OverviewStatus.parse(await read());
  expect(status).toMatchObject({
    gateway: { version: "1.2.3", url: "http://127.0.0.1:18789" },
    engine: { state: "no_worker" },
    workers: [],
    runs: [],
    backups: { last: { kind: "full" }, lastVerified: null, intervalMs: 86_400_000 },
    audit: { lastSeq: null, unsealed: 0 },
    config: { file: "/f", problems: [{ path: "c", line: 7 }] },
    warnings: [{ severity: "warning", path: "a.b" }],
  });
  expect(status.engine.problem).toMatch(/worker/);
  expect(status.database.version).toMatch(/^\d+/);
});

test("the 20 newest runs come first, with durations, and never with their code", async () => {
  await owner.run.createMany({
    data: Array.from({ length: 25 }, (_, index) => ({
      id: `run_${index}`,
      state: index === 24 ? "running" : "succeeded",
      language: "python",
      code: SECRET_CODE,
      stdout: SECRET_CODE,
      principalId: "token:x",
      userId: "user123",
      roleName: "admin",
      channel: "api",
      requestId: "req_1",
      createdAt: new Date(NOW - 100_000 + index),
      startedAt: index === 0 ? null : new Date(NOW - 4_000),
      finishedAt: index === 24 ? null : new Date(NOW - 1_000),
    })),
  });
  const { runs } = await read();
  expect(runs.map((run) => run.id)).toEqual(Array.from({ length: 20 }, (_, index) => `run_${24 - index}`));
  expect(runs[0]).toMatchObject({ state: "running", durationMs: 4_000 });
  expect(runs[1]).toMatchObject({ state: "succeeded", durationMs: 3_000 });
  expect(JSON.stringify(runs)).not.toContain("do not show");
});

test("workers carry the age of their heartbeat, and a late one counts as dead", async () => {
  const engine = {
    reachable: true,
    endpoint: "unix:///var/run/docker.sock",
    version: "27.0",
    runtimes: ["runc"],
    storageDriver: "overlay2",
    image: "openclaw/sandbox:latest",
    imageDigest: "sha256:aa",
    loopDisks: true,
    error: null,
  };
  const worker = { host: "h", pid: 1, version: "1.2.3", engine, startedAt: new Date(NOW - 60_000) };
  await owner.workerNode.create({ data: { ...worker, id: "wrk_late", heartbeatAt: new Date(Date.now() - 15_500) } });
  expect(await read()).toMatchObject({ engine: { state: "no_worker" }, workers: [{ id: "wrk_late", alive: false }] });
  await owner.workerNode.create({ data: { ...worker, id: "wrk_live", heartbeatAt: new Date(Date.now() - 2_000) } });
  expect(await read()).toMatchObject({
    engine: { state: "ready", version: "27.0", imageDigest: "sha256:aa" },
    workers: [{ id: "wrk_live", alive: true }, { id: "wrk_late" }],
  });
});

test("the audit head follows the sealer, and what waits for it is counted", async () => {
  await owner.auditEvent.create({
    data: {
      seq: 41,
      at: new Date(NOW),
      event: "system.started",
      code: "X",
      kind: "k",
      severity: "info",
      outcome: "ok",
      actorType: "system",
      actorId: "s",
      data: {},
      hash: new Uint8Array(32),
    },
  });
  await owner.auditIntake.createMany({ data: [{ events: "[]" }, { events: "[]" }] });
  expect((await read()).audit).toEqual({ lastSeq: 41, unsealed: 2 });
});
