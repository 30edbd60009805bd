import { afterAll, beforeAll, expect, test } from "vitest";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { systemClock } from "#server/core/clock.ts";
import { createDb, type Db } from "#server/core/db/client.ts";
import { openNotifyHub, type NotifyHub } from "#server/core/db/notify.ts";
import { createPool } from "#server/core/db/pool.ts";
import { createLogger } from "#server/core/log.ts";
import {
  createRunWatcher,
  getRun,
  listRuns,
  openRunQueue,
  readInputs,
  requestCancel,
  RUN_QUEUE,
  submitRun,
  type RunWatcher,
  type SubmitDeps,
} from "#server/sandbox/index.ts";
import type { RunRequestInput } from "#server/sandbox/schema.ts";
import { RECORDED } from "../../tests/support/audit.ts";
import { createTestDatabase, type TestDatabase } from "../../tests/support/database.ts";
import { openTestRunSeal } from "../../tests/support/run-seal.ts";

const log = createLogger("test", "silent");
let database: TestDatabase;
let pool: ReturnType<typeof createPool>;
let owner: ReturnType<typeof createPool>;
let db: Db;
let hub: NotifyHub;
let watcher: RunWatcher;
let deps: SubmitDeps;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ connectionString: database.appUrl, name: "test", max: 4 });
  owner = createPool({ connectionString: database.ownerUrl, name: "owner", max: 2 });
  db = createDb(pool);
  hub = await openNotifyHub(database.appUrl, "test", log);
  const { runSeal } = await openTestRunSeal();
  watcher = await createRunWatcher({ db, runSeal }, hub);
  const boss = await openRunQueue({ connectionString: database.appUrl, name: "test", log });
  deps = { db, boss, runSeal, clock: systemClock };
});
afterAll(async () => {
  watcher.close();
  await deps.boss.stop({ graceful: false });
  await hub.close();
  await db.$disconnect();
  await Promise.all([pool.end(), owner.end()]);
  await database.drop();
});

const request = (more: Partial<RunRequestInput> = {}): RunRequestInput => ({
  language: "sh",
  code: "true",
  principalId: "token:a",
  roleName: "admin",
  channel: "api",
  requestId: "req_1",
  ...more,
});
const queued: AuditEventInput = { event: "run.queued", outcome: "ok", actor: { type: "token", id: "a" } };

async function count(sql: string, value: string): Promise<number> {
  const { rows } = await owner.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${sql}`, [value]);
  return rows[0]?.n ?? -1;
}

test("row, event, job and record are stored together", async () => {
  const { runId, deduplicated } = await submitRun(deps, request(), [queued]);
  expect(deduplicated).toBe(false);
  expect(await getRun(deps, runId)).toMatchObject({ state: "queued", reason: null, attempt: 0, stdout: "" });
  expect(await count("run_event WHERE run_id = $1 AND seq = 1 AND kind = 'queued'", runId)).toBe(1);
  expect(
    await count(`pgboss.job WHERE name = '${RUN_QUEUE}' AND state = 'created' AND data->>'runId' = $1`, runId),
  ).toBe(1);
  expect(await count(`${RECORDED} AS record WHERE event = 'run.queued' AND target = $1`, runId)).toBe(1);
});

test("inputs are stored with the run and read back for its container", async () => {
  const content = Buffer.from([0, 255, 10]);
  const file = { path: "data/a.bin", bytes: 3, content, verdict: "stored" as const, reason: null };
  const { runId } = await submitRun(deps, request(), [queued], [file]);
  expect(await readInputs(deps, runId)).toEqual([{ path: "data/a.bin", content }]);
  expect(await count("run_event WHERE run_id = $1 AND kind = 'file' AND seq = 2", runId)).toBe(1);
  expect(await readInputs(deps, (await submitRun(deps, request(), [queued])).runId)).toEqual([]);
});

test("nothing is stored when any part of it cannot be", async () => {
  await owner.query(
    "REVOKE INSERT ON pgboss.job FROM openclaw_app; REVOKE INSERT ON ALL TABLES IN SCHEMA pgboss FROM openclaw_app",
  );
  const marked = request({ requestId: "req_half" });
  await expect(submitRun(deps, marked, [{ ...queued, requestId: "req_half" }])).rejects.toThrow();
  await owner.query("GRANT INSERT ON ALL TABLES IN SCHEMA pgboss TO openclaw_app");
  expect(await count("run WHERE request_id = $1", "req_half")).toBe(0);
  expect(await count(`${RECORDED} AS record WHERE request_id = $1`, "req_half")).toBe(0);
});

test("an idempotency key names one run per principal, however often and however fast it is sent", async () => {
  const keyed = request({ idempotencyKey: "k1" });
  const answers = await Promise.all(Array.from({ length: 10 }, () => submitRun(deps, keyed, [queued])));
  const ids = new Set(answers.map(({ runId }) => runId));
  expect(ids.size).toBe(1);
  expect(answers.filter(({ deduplicated }) => !deduplicated)).toHaveLength(1);
  const [runId = ""] = ids;
  expect(await count(`${RECORDED} AS record WHERE event = 'run.queued' AND target = $1`, runId)).toBe(1);
  const other = await submitRun(deps, request({ idempotencyKey: "k1", principalId: "token:b" }), [queued]);
  expect(ids.has(other.runId)).toBe(false);
  await expect(submitRun(deps, request({ idempotencyKey: "k1", code: "false" }), [queued])).rejects.toMatchObject({
    code: "CONFLICT",
  });
});

test.each([
  ["an empty program", { code: "" }],
  ["a NUL in the program", { code: "a\0b" }],
  ["half a character", { code: "\ud800" }],
  ["a program that is too large", { code: "é".repeat(140_000) }],
  ["an unknown language", { language: "ruby" as "sh" }],
])("%s is refused with the field's name", async (_name, wrong) => {
  await expect(submitRun(deps, request(wrong), [queued])).rejects.toMatchObject({
    code: "INVALID_INPUT",
    message: expect.stringMatching(/code|language/) as string,
  });
});

test("a run outside the scope is as unknown as one that does not exist, for reading and for stopping", async () => {
  const { runId } = await submitRun(deps, request(), [queued]);
  const foreign = { principalId: "token:other" };
  const errors = await Promise.all(
    [
      getRun(deps, runId, foreign),
      getRun(deps, "run_none"),
      requestCancel(deps, queued.actor, { runId, ...foreign }),
    ].map((attempt) =>
      attempt.then(
        () => "found",
        (error: unknown) => String(error),
      ),
    ),
  );
  expect(new Set(errors).size).toBe(1);
  expect(errors[0]).toContain("No such run");
  expect((await listRuns(db, foreign)).runs).toEqual([]);
});

test("a cursor that is not ours is refused", async () => {
  await expect(listRuns(db, { cursor: "abc" })).rejects.toMatchObject({ code: "INVALID_INPUT" });
});

test("waiting ends at the time limit with the run as it stands, and on abort at once", async () => {
  const { runId } = await submitRun(deps, request(), [queued]);
  expect(await watcher.waitForEnd(runId, { timeoutMs: 20 })).toMatchObject({ state: "queued" });
  const waiting = new AbortController();
  const answer = watcher.waitForEnd(runId, { timeoutMs: 60_000, signal: waiting.signal });
  waiting.abort();
  expect(await answer).toMatchObject({ state: "queued" });
});

test("a follower loses and doubles nothing when its notification connection is cut again and again", async () => {
  const { runId } = await submitRun(deps, request(), [queued]);
  const total = 60;
  const writer = (async () => {
    for (let seq = 2; seq <= total; seq += 1) {
      const kind = seq === total ? "end" : "stdout";
      const data =
        kind === "end" ? { state: "succeeded", reason: "exit", exitCode: 0, message: null } : { text: `${seq}` };
      await owner.query("INSERT INTO run_event (run_id, seq, kind, data) VALUES ($1, $2, $3, $4)", [
        runId,
        seq,
        kind,
        data,
      ]);
      if (seq % 20 === 0) {
        await owner.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'test:listen' AND datname = current_database()",
        );
      }
    }
  })();
  const seen: number[] = [];
  for await (const event of watcher.follow(runId)) {
    seen.push(event.seq);
  }
  await writer;
  expect(seen).toEqual(Array.from({ length: total }, (_, index) => index + 1));
});
