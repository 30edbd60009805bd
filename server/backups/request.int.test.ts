import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, type Pool } from "pg";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { RECORDED } from "../../tests/support/audit.ts";
import { createTestDatabase, type TestDatabase } from "../../tests/support/database.ts";
import { claimJob, endAbandoned, endJob, tellProgress } from "#server/backups/jobs.ts";
import { backupsView, placeOf, requestBackupJob, type BackupRequestServices } from "#server/backups/request.ts";
import { loadConfig } from "#server/config/index.ts";
import { systemClock } from "#server/core/clock.ts";
import { createDb, type Db } from "#server/core/db/client.ts";
import { createPool } from "#server/core/db/pool.ts";
import { ensureHome, homePaths } from "#server/core/paths.ts";

const ANA = { type: "member", id: "mem_ana" } as const;
const NAME = "openclaw-20260301T120000000Z-config.ocgbackup";
let database: TestDatabase;
let appPool: Pool;
let owner: Pool;
let db: Db;
let services: BackupRequestServices;
let place: string;

beforeAll(async () => {
  database = await createTestDatabase();
  appPool = createPool({ connectionString: database.appUrl, name: "test", max: 2 });
  owner = createPool({ connectionString: database.ownerUrl, name: "test", max: 2 });
  db = createDb(appPool);
  const paths = homePaths(mkdtempSync(join(tmpdir(), "openclaw-backups-")));
  ensureHome(paths);
  writeFileSync(join(paths.backupsDir, NAME), "not one of ours", { mode: 0o600 });
  writeFileSync(paths.configFile, `{ security: { storage: { backupPath: "${paths.backupsDir}" } } }`);
  services = { db, clock: systemClock, paths, config: { current: () => loadConfig(paths.configFile) } };
  place = placeOf(paths);
});
afterAll(async () => {
  await db.$disconnect();
  await appPool.end();
  await owner.end();
  rmSync(services.paths.home, { recursive: true, force: true });
  await database.drop();
});
beforeEach(() => owner.query("DELETE FROM backup_job"));

test("a request is on record, waits for the supervisor of this home, and tells how far it is", async () => {
  const job = await requestBackupJob(services, ANA, { kind: "create_config", name: null });
  expect(job).toMatchObject({ state: "queued", requestedBy: "mem_ana" });
  const client = new Client({ connectionString: database.ownerUrl });
  await client.connect();
  const recorded = await client.query(
    `SELECT reason, actor_id FROM ${RECORDED} AS record WHERE event = 'backup.requested'`,
  );
  await client.end();
  expect(recorded.rows).toEqual([{ reason: "create_config", actor_id: "mem_ana" }]);

  expect(await claimJob(owner, "other:/home")).toBeNull();
  expect(await claimJob(owner, place)).toMatchObject({ id: job.id, requestedType: "member" });
  await tellProgress(owner, job.id, "table run: 5 rows");
  expect((await backupsView(services)).jobs[0]).toMatchObject({ state: "running", progress: "table run: 5 rows" });
  await endJob(owner, job.id, { state: "succeeded", message: null, outcome: { file: "/b/x", bytes: 5 } });
  expect((await backupsView(services)).jobs[0]).toMatchObject({
    state: "succeeded",
    outcome: { bytes: 5 },
    progress: null,
  });
});

test("the same is not asked for twice at a time, and only for archives that are there", async () => {
  await requestBackupJob(services, ANA, { kind: "verify", name: NAME });
  await expect(requestBackupJob(services, ANA, { kind: "verify", name: NAME })).rejects.toMatchObject({
    code: "CONFLICT",
  });
  const other = NAME.replace("2026", "2025");
  await expect(requestBackupJob(services, ANA, { kind: "verify", name: other })).rejects.toMatchObject({
    code: "NOT_FOUND",
  });
});

test("attack: the web process can neither end a job nor change one", async () => {
  const { id } = await requestBackupJob(services, ANA, { kind: "create_full", name: null });
  for (const sql of [`UPDATE backup_job SET state = 'succeeded' WHERE id = '${id}'`, "DELETE FROM backup_job"]) {
    await expect(appPool.query(sql)).rejects.toThrow(/permission denied/);
  }
});

test.each([
  ["verify", "../../keys/master-secret", "mem_ana"],
  ["verify", "--master-key-file=/etc/passwd", "mem_ana"],
  ["plan", null, "mem_ana"],
  ["create_config", NAME, "mem_ana"],
  ["create_config", null, "a b;c"],
])("attack: a row of the kind %s for %s is never worked on", async (kind, name, by) => {
  await appPool.query(
    "INSERT INTO backup_job (id, place, kind, name, requested_type, requested_by) VALUES ('bjb_x', $1, $2, $3, 'member', $4)",
    [place, kind, name, by],
  );
  expect(await claimJob(owner, place)).toBeNull();
  expect((await backupsView(services)).jobs[0]).toMatchObject({ state: "failed" });
});

test("what a supervisor had taken when it ended is told as failed", async () => {
  await requestBackupJob(services, ANA, { kind: "create_config", name: null });
  await claimJob(owner, place);
  await endAbandoned(owner, place);
  const [job] = (await backupsView(services)).jobs;
  expect(job?.state).toBe("failed");
  expect(job?.message).toContain("stopped");
});

test("the view names the archives and what is known of each", async () => {
  expect(await backupsView(services)).toMatchObject({
    folder: services.paths.backupsDir,
    encryption: true,
    backups: [{ name: NAME, kind: "config", encrypted: null, verification: null }],
    more: 0,
  });
});
