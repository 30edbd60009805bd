/** Outputs with the rights of the worker, into a real database. */
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tar } from "#server/files/test/archives.ts";
import { systemClock } from "#server/core/clock.ts";
import { createDb, withTx, type Db } from "#server/core/db/client.ts";
import { createPool } from "#server/core/db/pool.ts";
import { createLogger } from "#server/core/log.ts";
import { RUN_FILE_LIMITS } from "#server/files/schema.ts";
import { ensureHome, homePaths, type HomePaths } from "#server/core/paths.ts";
import { listRunFiles, readRunFile, type RunSeal } from "#server/sandbox/index.ts";
import { RECORDED } from "../../tests/support/audit.ts";
import { createTestDatabase, type TestDatabase } from "../../tests/support/database.ts";
import { openTestRunSeal } from "../../tests/support/run-seal.ts";
import { readOutputs } from "#worker/outputs/read-outputs.ts";
import { prepareOutputs } from "#worker/outputs/store-outputs.ts";

const log = createLogger("test", "silent");
const rules = {
  restrictions: { maxFileSize: 5000, maxPathLength: 255, allowedExtensions: [".txt"], deniedExtensions: [] },
  monitoring: { logFileAccess: true, alertOnSuspicious: true, quarantineSuspicious: true },
};
const ARCHIVE = tar([
  { name: "./out/a.txt", content: "fine" },
  { name: "./out/b.pdf", content: "x" },
  { name: "./out/key.txt", content: "-----BEGIN PRIVATE KEY-----" },
  { name: "./out/link.txt", link: "/etc/passwd" },
]);

let database: TestDatabase;
let pool: ReturnType<typeof createPool>;
let owner: ReturnType<typeof createPool>;
let db: Db;
let runSeal: RunSeal;
let paths: HomePaths;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ connectionString: database.workerUrl, name: "test", max: 2 });
  owner = createPool({ connectionString: database.ownerUrl, name: "owner", max: 1 });
  db = createDb(pool);
  ({ runSeal } = await openTestRunSeal());
  paths = homePaths(mkdtempSync(join(tmpdir(), "openclaw-outputs-")));
  ensureHome(paths);
});
afterAll(async () => {
  await db.$disconnect();
  await Promise.all([pool.end(), owner.end()]);
  await database.drop();
  rmSync(paths.home, { recursive: true, force: true });
});

async function newRun(
  id: string,
): Promise<{ id: string; origin: { actor: { type: "worker"; id: string }; channel: string } }> {
  await owner.query(
    `INSERT INTO run (id, language, code, principal_id, role_name, channel, request_id, outputs)
     VALUES ($1, 'sh', 'true', 'token:a', 'admin', 'api', 'req_1', '{out}')`,
    [id],
  );
  return { id, origin: { actor: { type: "worker", id: "wrk_test" }, channel: "api" } };
}

async function recordOf(target: string): Promise<{ event: string; reason: string | null; data: object }[]> {
  const { rows } = await owner.query<{ event: string; reason: string | null; data: object }>(
    `SELECT event, reason, data FROM ${RECORDED} AS record WHERE target = $1 ORDER BY n`,
    [target],
  );
  return rows;
}

test("FS-4 FS-5 outputs are stored with the run's end, refused ones named, suspicious ones in quarantine, all on record", async () => {
  const run = await newRun("run_stored");
  const outputs = await readOutputs(ARCHIVE, ["out"], rules);
  const { events, store } = await prepareOutputs({ db, runSeal, clock: systemClock, paths, log }, run, outputs, rules);
  expect(events.map(({ path, verdict }) => [path, verdict])).toEqual([
    ["out/a.txt", "stored"],
    ["out/b.pdf", "refused"],
    ["out/key.txt", "quarantined"],
    ["out/link.txt", "refused"],
  ]);
  expect(await listRunFiles(db, run.id)).toEqual([]);

  // A transaction that fails leaves nothing, and the next attempt does it all.
  await expect(
    withTx(db, async (tx) => {
      await store(tx);
      throw new Error("lost");
    }),
  ).rejects.toThrow("lost");
  expect(await listRunFiles(db, run.id)).toEqual([]);
  await withTx(db, store);

  const files = await listRunFiles(db, run.id);
  const [quarantined] = (
    await owner.query<{ id: string; run_id: string; state: string }>("SELECT id, run_id, state FROM quarantined_file")
  ).rows;
  expect(quarantined).toMatchObject({ run_id: run.id, state: "stored" });
  expect(files).toMatchObject([
    { path: "out/a.txt", direction: "output", verdict: "stored", bytes: 4, reason: null },
    { path: "out/b.pdf", verdict: "refused", sha256: null },
    { path: "out/key.txt", verdict: "quarantined", reason: expect.stringContaining(quarantined?.id ?? "?") as string },
    { path: "out/link.txt", verdict: "refused", reason: expect.stringContaining("symbolic link") as string },
  ]);
  expect((await readRunFile({ db, runSeal }, run.id, files[0]?.id ?? "")).content.toString()).toBe("fine");
  await expect(readRunFile({ db, runSeal }, run.id, files[2]?.id ?? "")).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect((await recordOf(run.id)).map(({ event, reason }) => [event, reason])).toEqual([
    ["file.accessed", "allowed"],
    ["file.refused", "extension_not_allowed"],
    ["file.suspicious", "content_suspicious"],
    ["file.refused", "not_a_file"],
  ]);
  expect((await recordOf(quarantined?.id ?? "")).map(({ event }) => event)).toEqual(["file.quarantined"]);
  expect(existsSync(join(paths.quarantineDir, `${quarantined?.id}.bin`))).toBe(true);
  expect(JSON.stringify(await recordOf(run.id))).not.toContain("BEGIN PRIVATE KEY");
});

test("FS-5 without quarantine nothing is lost and it is noticed; what passes is recorded only when that is wanted", async () => {
  const run = await newRun("run_off");
  const off = { ...rules, monitoring: { ...rules.monitoring, quarantineSuspicious: false, logFileAccess: false } };
  const outputs = await readOutputs(ARCHIVE, ["out"], off);
  const { store } = await prepareOutputs({ db, runSeal, clock: systemClock, paths, log }, run, outputs, off);
  await withTx(db, store);
  expect((await listRunFiles(db, run.id)).map(({ path, verdict }) => [path, verdict])).toContainEqual([
    "out/key.txt",
    "stored",
  ]);
  expect((await recordOf(run.id)).map(({ event }) => event)).toEqual([
    "file.refused",
    "file.suspicious",
    "file.refused",
  ]);
});

test("FS-5 what cannot be put into quarantine is not kept, and the run ends all the same", async () => {
  const run = await newRun("run_full");
  const blocked = homePaths(mkdtempSync(join(tmpdir(), "openclaw-blocked-")));
  ensureHome(blocked);
  rmSync(blocked.quarantineDir, { recursive: true, force: true });
  writeFileSync(blocked.quarantineDir, "in the way");
  chmodSync(blocked.quarantineDir, 0o400);
  try {
    const outputs = await readOutputs(ARCHIVE, ["out"], rules);
    const deps = { db, runSeal, clock: systemClock, paths: blocked, log };
    const { store } = await prepareOutputs(deps, run, outputs, rules);
    await withTx(db, store);
  } finally {
    rmSync(blocked.home, { recursive: true, force: true });
  }
  const files = await listRunFiles(db, run.id);
  expect(files.find(({ path }) => path === "out/key.txt")).toMatchObject({ verdict: "refused", sha256: null });
  expect((await recordOf(run.id)).map(({ reason }) => reason)).toContain("quarantine_failed");
});

test("FS-2 the most that is kept of one run can be stored in one transaction", async () => {
  const run = await newRun("run_large");
  const open = { ...rules, restrictions: { ...rules.restrictions, maxFileSize: 2 ** 30 } };
  const names = Array.from({ length: 4 }, (_, index) => `out/${index}.txt`);
  const content = "x".repeat(RUN_FILE_LIMITS.outputBytes / names.length);
  const outputs = await readOutputs(tar(names.map((name) => ({ name, content }))), ["out"], open);
  const { store } = await prepareOutputs({ db, runSeal, clock: systemClock, paths, log }, run, outputs, open);
  await withTx(db, store);
  const { rows } = await owner.query<{ n: number }>(
    "SELECT sum(size_bytes)::int AS n FROM run_file WHERE run_id = $1",
    [run.id],
  );
  expect(rows).toEqual([{ n: RUN_FILE_LIMITS.outputBytes }]);
});

test("what was stored never changes: the worker may add files and nothing else", async () => {
  await expect(pool.query("UPDATE run_file SET path = 'x'")).rejects.toThrow(/permission denied/);
  await expect(pool.query("DELETE FROM run_file")).rejects.toThrow(/permission denied/);
});
