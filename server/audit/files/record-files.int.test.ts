import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Pool } from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openRecordFiles } from "#server/audit/files/record-files.ts";
import { countWaiting } from "#server/audit/intake.ts";
import { mirrorLine } from "#server/audit/mirror.ts";
import { readHeadSeq, readSealed } from "#server/audit/sealed-rows.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { startSealer, type Sealer } from "#server/audit/sealer.ts";
import { createAuditWriter, type AuditWriter } from "#server/audit/writer.ts";
import { loadConfig } from "#server/config/index.ts";
import type { Config } from "#server/config/schema.ts";
import { DAY } from "#server/config/units.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { createPool } from "#server/core/db/pool.ts";
import { childEnvironment } from "#server/core/env.ts";
import { createLogger } from "#server/core/log.ts";
import { ensureHome, homePaths, type HomePaths } from "#server/core/paths.ts";
import { messageEvent } from "../../../tests/support/audit.ts";
import { createTestDatabase, type TestDatabase } from "../../../tests/support/database.ts";
import { openTestKeyring } from "../../../tests/support/keyring.ts";
import { linesOf } from "../../../tests/support/record-folder.ts";

const CANARY = "canary-5ab81e";
const log = createLogger("test", "silent");
let database: TestDatabase;
let app: Pool;
let reader: Pool;
let writer: AuditWriter;
let paths: HomePaths;
let keyring: Keyring;
let config: Config;
let liveFile: string;

beforeEach(async () => {
  database = await createTestDatabase();
  app = createPool({ connectionString: database.appUrl, name: "test" });
  reader = createPool({ connectionString: database.sealerUrl, name: "test" });
  writer = createAuditWriter({ pool: app, log });
  paths = homePaths(mkdtempSync(join(tmpdir(), "openclaw-files-")));
  ensureHome(paths);
  keyring = await openTestKeyring(paths.keysDir);
  config = structuredClone(loadConfig(paths.configFile).config);
  config.logging.audit.maxFileSize = 8 * 1024;
  liveFile = join(paths.logsDir, "audit.log");
});

afterEach(async () => {
  await writer.close();
  await Promise.all([app.end(), reader.end()]);
  await database.drop();
  rmSync(paths.home, { recursive: true, force: true });
});

async function open(): Promise<Sealer> {
  const ready = Promise.withResolvers<void>();
  const sealer = startSealer({
    connectionString: database.sealerUrl,
    keysDir: paths.keysDir,
    openFiles: () =>
      openRecordFiles({
        recordFile: liveFile,
        securityFile: join(paths.logsDir, "security.log"),
        keyring: () => Promise.resolve(keyring),
        config: () => config,
        log,
      }),
    checkpointFile: join(paths.logsDir, "audit-checkpoints.txt"),
    retentionMs: () => config.logging.audit.retention,
    upkeepEveryMs: 50,
    log,
    onReady: ready.resolve,
  });
  await Promise.race([ready.promise, sealer.finished]);
  return sealer;
}

async function sealAll(): Promise<void> {
  const sealer = await open();
  await expect.poll(() => countWaiting(reader), { timeout: 20_000 }).toBe(0);
  await expect.poll(unpacked, { timeout: 20_000 }).toEqual([]);
  await sealer.close();
}

async function append(from: number, count: number): Promise<void> {
  for (let n = from; n < from + count; n += 1) {
    await writer.append([{ ...messageEvent(n), target: CANARY }]);
  }
}

const failure = (n: number): AuditEventInput => ({
  event: "auth.token_rejected",
  outcome: "denied",
  actor: { type: "anonymous", id: "unknown" },
  data: { n },
});

async function databaseLines(): Promise<string[]> {
  const lines: string[] = [];
  for await (const batch of readSealed(reader)) {
    lines.push(...batch.map(mirrorLine));
  }
  return lines;
}

const names = (): string[] => readdirSync(paths.logsDir).sort();
const rotated = (): string[] => names().filter((name) => /^audit-\d/.test(name) && !name.includes("set-aside"));
const unpacked = (): string[] => rotated().filter((name) => !name.endsWith(".log.gz.enc"));
const securityLines = (): string[] =>
  readFileSync(join(paths.logsDir, "security.log"), "utf8").split("\n").slice(0, -1);

async function expectFilesEqualDatabase(): Promise<void> {
  const lines = await databaseLines();
  expect(await linesOf(liveFile, keyring)).toEqual(lines);
  expect(securityLines()).toEqual(lines.filter((line) => line.includes('"kind":"authentication_failure"')));
}

describe("the record's files", () => {
  test("AUD-3 AUD-5 rotated, packed and encrypted while sealing, across restarts, they hold what the database holds", async () => {
    for (let round = 0; round < 4; round += 1) {
      await append(round * 40, 40);
      await writer.append([failure(round)]);
      await sealAll();
    }
    await expectFilesEqualDatabase();
    expect(rotated().length).toBeGreaterThan(1);
    expect(unpacked()).toEqual([]);
    const readable = names().filter((name) => readFileSync(join(paths.logsDir, name)).includes(CANARY));
    expect(readable).toEqual([]);
    expect(new Set(names().map((name) => (statSync(join(paths.logsDir, name)).mode & 0o777).toString(8)))).toEqual(
      new Set(["640"]),
    );
  });

  test("AUD-3 AUD-11 lines that a crash kept from the files are made good, in both of them and only once", async () => {
    config.logging.audit.maxFileSize = 1024 ** 3;
    for (let round = 0; round < 5; round += 1) {
      await append(round * 5, 5);
      await writer.append([failure(round)]);
    }
    await sealAll();
    const [record, security] = [statSync(liveFile).size, statSync(join(paths.logsDir, "security.log")).size];
    const crashes: (() => void)[] = [
      () => truncateSync(liveFile, record - 300),
      () => truncateSync(liveFile, Math.floor(record / 2)),
      () => {
        truncateSync(liveFile, Math.floor(record / 3));
        truncateSync(join(paths.logsDir, "security.log"), Math.floor(security / 3));
      },
    ];
    for (const crash of crashes) {
      crash();
      await sealAll();
      await expectFilesEqualDatabase();
    }
  });

  test("AUD-5 logging.security.level and events are followed while running", async () => {
    const sealer = await open();
    let written = 0;
    const linesAfterFailure = async (): Promise<number> => {
      await writer.append([failure(written)]);
      written += 1;
      await expect.poll(() => readHeadSeq(reader)).toBe(written);
      await expect.poll(async () => (await linesOf(liveFile, keyring)).length).toBe(written);
      return securityLines().length;
    };
    expect(await linesAfterFailure()).toBe(1);
    for (const level of ["error", "fatal", "silent"] as const) {
      config.logging.security.level = level;
      expect(await linesAfterFailure()).toBe(1);
    }
    config.logging.security.level = "trace";
    config.logging.security.events = ["sandbox_escape"];
    expect(await linesAfterFailure()).toBe(1);
    config.logging.security.events = ["authentication_failure"];
    expect(await linesAfterFailure()).toBe(2);
    await sealer.close();
  });

  test("AUD-4 an archive that was damaged, with nothing written since, is kept aside and its rows are written anew", async () => {
    config.logging.audit.maxFileSize = 1;
    await append(0, 10);
    await writer.append([failure(0)]);
    await sealAll();
    const newest = rotated().at(-1) ?? "";
    expect(newest).toMatch(/\.log\.gz\.enc$/);
    expect(statSync(liveFile).size).toBe(0);
    const whole = readFileSync(join(paths.logsDir, newest));
    writeFileSync(join(paths.logsDir, newest), whole.subarray(0, -5));
    await sealAll();
    expect(await linesOf(liveFile, keyring)).toEqual(await databaseLines());
    expect(names()).toContainEqual(expect.stringMatching(`^${newest}\\.set-aside-\\d+$`));
  });

  test("AUD-3 a file past its retention leaves, and the removal is on record", async () => {
    await writer.append([{ ...failure(0), at: new Date(Date.now() - 100 * DAY) }]);
    config.logging.audit.maxFileSize = 1;
    config.logging.audit.retention = 90 * DAY;
    const sealer = await open();
    const removals = async () =>
      (await reader.query("SELECT target, data FROM audit_event WHERE event = 'audit.file_removed' ORDER BY seq"))
        .rows as unknown[];
    await expect.poll(removals, { timeout: 20_000 }).toContainEqual({
      target: expect.stringMatching(/^audit-1-1\.log/) as unknown,
      data: { firstSeq: 1, lastSeq: 1 },
    });
    await expect.poll(() => rotated().filter((name) => name.startsWith("audit-1-1.log"))).toEqual([]);
    await sealer.close();
  });
});

describe("the sealer process", () => {
  function start(): ChildProcess {
    return spawn(process.execPath, [join(import.meta.dirname, "..", "sealer-main.ts")], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      env: childEnvironment({
        OPENCLAW_HOME: paths.home,
        OPENCLAW_DATABASE_URL: database.sealerUrl,
        OPENCLAW_LOG_LEVEL: "error",
      }),
    });
  }

  test(
    "AUD-11 AUD-3 kill -9 while files are rotated and packed: afterwards they hold what the database holds",
    { timeout: 180_000 },
    async () => {
      writeFileSync(paths.configFile, '{ logging: { audit: { maxFileSize: "1m" } } }', { mode: 0o600 });
      let written = 0;
      for (let round = 0; round < 4; round += 1) {
        const child = start();
        await Promise.all(
          Array.from({ length: 2_500 }, (_, index) =>
            writer.append([index % 100 === 0 ? failure(index) : messageEvent(written + index)]),
          ),
        );
        written += 2_500;
        const target = written - Math.floor(Math.random() * 2_000);
        await expect.poll(() => readHeadSeq(reader), { timeout: 60_000, interval: 2 }).toBeGreaterThanOrEqual(target);
        child.kill("SIGKILL");
        await once(child, "exit");
      }
      const last = start();
      await once(last, "message");
      await expect.poll(() => countWaiting(reader), { timeout: 60_000 }).toBe(0);
      await expect.poll(unpacked, { timeout: 60_000 }).toEqual([]);
      last.kill("SIGTERM");
      expect(await once(last, "exit")).toEqual([0, null]);
      expect(rotated().length).toBeGreaterThan(3);
      await expectFilesEqualDatabase();
    },
  );
});
