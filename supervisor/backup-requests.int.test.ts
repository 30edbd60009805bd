/** The console's requests on a real home: asked for with the web process's rights, done by the command as the supervisor starts it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serveBackupRequests } from "./backup-requests.ts";
import { createTestDatabase, type TestDatabase } from "../tests/support/database.ts";
import { backupsView, placeOf, requestBackupJob, type BackupRequestServices } from "#server/backups/request.ts";
import { loadConfig } from "#server/config/index.ts";
import { systemClock } from "#server/core/clock.ts";
import { openKeyring } from "#server/core/crypto/keyring/index.ts";
import { createDb, type Db } from "#server/core/db/client.ts";
import { connectionsFile } from "#server/core/db/connections.ts";
import { createPool } from "#server/core/db/pool.ts";
import { childEnvironment } from "#server/core/env.ts";
import { ensureHome, homePaths, type HomePaths } from "#server/core/paths.ts";

const ANA = { type: "member", id: "mem_ana" } as const;
let database: TestDatabase;
let paths: HomePaths;
let db: Db;
let pool: ReturnType<typeof createPool>;

beforeAll(async () => {
  database = await createTestDatabase();
  paths = homePaths(mkdtempSync(join(tmpdir(), "openclaw-requests-")));
  ensureHome(paths);
  writeFileSync(connectionsFile(paths), JSON.stringify(database), { mode: 0o600 });
  await openKeyring(paths, {}, { iterations: 1_000 });
  pool = createPool({ connectionString: database.appUrl, name: "test", max: 2 });
  db = createDb(pool);
});
afterAll(async () => {
  await db.$disconnect();
  await pool.end();
  rmSync(paths.home, { recursive: true, force: true });
  await database.drop();
});

test("a backup asked for in the console is made, and what restoring it would do is told, without the web process holding a key", async () => {
  const services: BackupRequestServices = {
    db,
    paths,
    clock: systemClock,
    config: { current: () => loadConfig(paths.configFile) },
  };
  const troubles: string[] = [];
  const serving = serveBackupRequests({
    ownerUrl: database.ownerUrl,
    place: placeOf(paths),
    cwd: resolve(import.meta.dirname, ".."),
    env: childEnvironment({ OPENCLAW_HOME: paths.home, DATABASE_URL: undefined }),
    onTrouble: (why) => void troubles.push(why),
    lookEveryMs: 20,
  });
  const newest = async () => (await backupsView(services)).jobs[0];
  try {
    await requestBackupJob(services, ANA, { kind: "create_config", name: null });
    await expect.poll(newest, { timeout: 60_000 }).toMatchObject({ state: "succeeded" });
    const [made] = (await backupsView(services)).backups;
    expect(made).toMatchObject({ kind: "config", encrypted: true });
    await requestBackupJob(services, ANA, { kind: "plan", name: made?.name ?? "" });
    await expect.poll(newest, { timeout: 60_000 }).toMatchObject({ kind: "plan", state: "succeeded" });
    const plan = (await newest())?.outcome?.plan;
    expect(plan?.items.map(({ part }) => part)).toContain("policy");
    expect(troubles).toEqual([]);
  } finally {
    await serving.stop();
  }
});
