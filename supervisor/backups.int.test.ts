/** The schedule with the real command, on a home with a database. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runBackupProcess } from "./backup-process.ts";
import { createTestDatabase, type TestDatabase } from "../tests/support/database.ts";
import { backupStatus } from "#server/backups/list.ts";
import { openKeyring } from "#server/core/crypto/keyring/index.ts";
import { connectionsFile } from "#server/core/db/connections.ts";
import { childEnvironment } from "#server/core/env.ts";
import { ensureHome, homePaths } from "#server/core/paths.ts";

const PROJECT = resolve(import.meta.dirname, "..");
const paths = homePaths(mkdtempSync(join(tmpdir(), "openclaw-scheduled-")));
let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  ensureHome(paths);
  writeFileSync(connectionsFile(paths), JSON.stringify(database), { mode: 0o600 });
  await openKeyring(paths, {}, { iterations: 1_000 });
});
afterAll(async () => {
  rmSync(paths.home, { recursive: true, force: true });
  await database.drop();
});

const make = async (signal = new AbortController().signal) => {
  const { failure } = await runBackupProcess({
    cwd: PROJECT,
    env: childEnvironment({ OPENCLAW_HOME: paths.home, DATABASE_URL: undefined }),
    signal,
    args: ["backup-config", "--scheduled", "--json"],
  });
  return failure;
};

test("OPS-2 the command makes a backup that the status shows, and says why when it cannot", async () => {
  expect(await make()).toBeNull();
  expect(backupStatus(paths.backupsDir)).toMatchObject({ last: { kind: "config" }, lastVerified: null });

  writeFileSync(join(paths.home, "file"), "");
  writeFileSync(paths.configFile, "{ security: { storage: { backupPath: '~/.openclaw/file' } } }", { mode: 0o600 });
  expect(await make()).toMatch(/cannot be written to .*\/file.*\(exit code 5\)/);
  rmSync(paths.configFile);
});

test("OPS-2 a backup that is stopped leaves nothing under its name", async () => {
  const before = readdirSync(paths.backupsDir);
  const stopping = new AbortController();
  const made = make(stopping.signal);
  stopping.abort();
  expect(await made).toMatch(/SIGTERM/);
  expect(readdirSync(paths.backupsDir)).toEqual(before);
});
