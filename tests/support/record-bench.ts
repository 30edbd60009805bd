/** A database, a home's keys and files, and a sealer, for tests of the record's integrity. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, type Pool } from "pg";
import { messageEvent } from "./audit.ts";
import { createTestDatabase, type TestDatabase } from "./database.ts";
import { openTestSealer, type TestSealerOptions } from "./sealer.ts";
import { listRecordFiles, readRecordLines } from "#server/audit/files/read-files.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import type { Sealer } from "#server/audit/sealer.ts";
import { verifyRecord, type RecordVerdict, type VerifyRecordOptions } from "#server/audit/proof/verify-record.ts";
import { createAuditWriter } from "#server/audit/writer.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { createPool } from "#server/core/db/pool.ts";
import { createLogger } from "#server/core/log.ts";
import { ensureHome, homePaths, type HomePaths } from "#server/core/paths.ts";

export interface RecordBench {
  database: TestDatabase;
  paths: HomePaths;
  mirrorFile: string;
  checkpointFile: string;
  /** With the rights of the sealer. */
  pool: Pool;
  /** Records message `n` to `n + count − 1`, `daysAgo` days ago. */
  append(n: number, count: number, daysAgo?: number): Promise<void>;
  open(options?: Partial<TestSealerOptions>): Promise<Sealer>;
  /** Seals what is there and ends. */
  sealAll(options?: Partial<TestSealerOptions>): Promise<void>;
  verify(options?: Partial<VerifyRecordOptions>): Promise<RecordVerdict>;
  /** Runs SQL as somebody who owns the database, past the triggers of `table`. */
  tamper(sql: string, table?: string): Promise<void>;
  notes(): Promise<{ seq: number; note: string }[]>;
  close(): Promise<void>;
}

/** The record's lines as a reader of its files sees them. */
export async function readLines(mirrorFile: string, keyring: Keyring): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of readRecordLines(listRecordFiles(mirrorFile), keyring)) {
    lines.push(line);
  }
  return lines;
}

const DAY_MS = 24 * 60 * 60 * 1000;

export async function openRecordBench(): Promise<RecordBench> {
  const database = await createTestDatabase();
  const app = createPool({ connectionString: database.appUrl, name: "test" });
  const pool = createPool({ connectionString: database.sealerUrl, name: "test" });
  const owner = new Client({ connectionString: database.ownerUrl });
  await owner.connect();
  const writer = createAuditWriter({ pool: app, log: createLogger("test", "silent") });
  const paths = homePaths(mkdtempSync(join(tmpdir(), "openclaw-record-")));
  ensureHome(paths);
  const mirrorFile = join(paths.logsDir, "audit.log");
  const own = { connectionString: database.sealerUrl, keysDir: paths.keysDir, mirrorFile };
  const bench: RecordBench = {
    database,
    paths,
    mirrorFile,
    checkpointFile: join(paths.logsDir, "audit-checkpoints.txt"),
    pool,
    async append(n, count, daysAgo = 0) {
      const at = new Date(Date.now() - daysAgo * DAY_MS);
      const events = Array.from({ length: count }, (_, index): AuditEventInput => ({ ...messageEvent(n + index), at }));
      await writer.append(events);
    },
    open: (options) => openTestSealer({ ...own, ...options }),
    async sealAll(options) {
      const sealer = await bench.open(options);
      await sealer.close();
    },
    verify: (options) => verifyRecord({ db: pool, keysDir: paths.keysDir, mirrorFile, keyring: null, ...options }),
    async tamper(sql, table = "audit_event") {
      await owner.query(
        `BEGIN; ALTER TABLE ${table} DISABLE TRIGGER USER; ${sql}; ALTER TABLE ${table} ENABLE TRIGGER USER; COMMIT`,
      );
    },
    async notes() {
      const { rows } = await pool.query<{ seq: number; note: string }>(
        "SELECT seq, note FROM audit_checkpoint ORDER BY seq",
      );
      return rows;
    },
    async close() {
      await writer.close();
      await Promise.all([app.end(), pool.end(), owner.end()]);
      await database.drop();
      rmSync(paths.home, { recursive: true, force: true });
    },
  };
  return bench;
}
