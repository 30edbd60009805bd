/** Makes one archive of a home: complete under its name, or not there at all. */
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Client } from "pg";
import { awaitSealing } from "#server/audit/index.ts";
import { writeArchive, type ContentEntry } from "#server/backups/archive.ts";
import { configFiles, keyFiles, quarantineFiles, recordFiles, type HomeFile } from "#server/backups/home-files.ts";
import { archiveName } from "#server/backups/names.ts";
import { readTable } from "#server/backups/read-table.ts";
import type { BackupKind, Manifest } from "#server/backups/schema.ts";
import { connectOwner, isPolicy, readSchemaName, readTables } from "#server/backups/tables.ts";
import { syncFolder } from "#server/core/atomic-write.ts";
import { openKeyring, readMasterSecret } from "#server/core/crypto/keyring/index.ts";
import type { Env } from "#server/core/env.ts";
import { AppError, hasErrorCode, messageOf } from "#server/core/errors.ts";
import type { HomePaths } from "#server/core/paths.ts";
import { VERSION } from "#server/version.ts";

interface CreateBackupOptions {
  paths: HomePaths;
  env: Pick<Env, "OPENCLAW_MASTER_KEY" | "OPENCLAW_MASTER_KEY_FILE">;
  ownerUrl: string;
  kind: BackupKind;
  /** Folder for a file with the usual name, or the file itself. */
  target: { folder: string } | { file: string };
  encrypted: boolean;
  /** Rounds of key derivation. */
  iterations: number;
  now: Date;
  /** A sealer is at work: what was recorded before the backup is sealed soon, and belongs into it. */
  sealing: boolean;
  /** Told what is being read. */
  onProgress?: (text: string) => void;
}

export interface CreatedBackup {
  file: string;
  kind: BackupKind;
  bytes: number;
  sha256: string;
  encrypted: boolean;
  createdAt: Date;
  rows: number;
  files: number;
  /** Batches of events that were not sealed in time, and are not in it. */
  unsealed: number;
}

/** Ending of an archive that is being written. */
export const DRAFT = ".part";
const MODE = 0o600;
const READ_BYTES = 256 * 1024;
/** A sealer that is stuck must not hold a backup up for ever. */
const SEALING_WAIT_MS = 10_000;

/**
 * @throws AppError CONFLICT when the file exists already, NOT_CONFIGURED when the master secret does not open the keyring (a backup made with
 * it could not be used), STORE_UNAVAILABLE when the folder cannot be written.
 */
export async function createBackup(options: CreateBackupOptions): Promise<CreatedBackup> {
  const { paths, env, kind, encrypted, iterations, now } = options;
  await openKeyring(paths, env, { iterations });
  const master = readMasterSecret(paths, env, false);
  const file = "file" in options.target ? options.target.file : join(options.target.folder, archiveName(now, kind));
  const client = await connectOwner(options.ownerUrl);
  try {
    const schema = await readSchemaName(client);
    if (schema === null) {
      throw new AppError(
        "STORE_UNAVAILABLE",
        "The database has no tables of this program. Start the gateway once: npm start",
      );
    }
    const unsealed = kind === "full" ? await awaitSealing(client, options.sealing ? SEALING_WAIT_MS : 0) : 0;
    const seen = { rows: 0, files: 0, audit: null as Manifest["audit"] };
    const facts = { kind, version: VERSION, schema, createdAt: now, encrypted, iterations };
    const bytes = writeArchive(master, facts, contents(options, client, seen), () => seen.audit);
    const written = await writeFile(file, bytes);
    return { file, kind, encrypted, createdAt: now, rows: seen.rows, files: seen.files, unsealed, ...written };
  } finally {
    await client.end();
  }
}

/** Keys and files of the record come before the tables: a crash leaves them behind the database too, and the sealer knows how to go on. */
async function* contents(
  { paths, kind, encrypted, onProgress = () => undefined }: CreateBackupOptions,
  client: Client,
  seen: { rows: number; files: number; audit: Manifest["audit"] },
): AsyncGenerator<ContentEntry, void, void> {
  const full = kind === "full";
  const before = [...configFiles(paths), ...(encrypted ? keyFiles(paths) : []), ...(full ? recordFiles(paths) : [])];
  for (const file of before) {
    yield* fileEntry(file, seen);
  }
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  try {
    for (const table of (await readTables(client)).filter(({ name }) => full || isPolicy(name))) {
      onProgress(`table ${table.name}`);
      let rows = 0;
      const head = { type: "table" as const, name: table.name, columns: table.columns.map(({ name }) => name) };
      const lines = readTable(client, table, (more) => {
        rows += more;
        onProgress(`table ${table.name}: ${rows} rows`);
      });
      yield { head, content: textOf(lines) };
      seen.rows += rows;
    }
    seen.audit = full ? await auditHead(client) : null;
  } finally {
    await client.query("ROLLBACK").catch(() => undefined);
  }
  for (const file of full ? quarantineFiles(paths) : []) {
    onProgress(`file ${file.name}`);
    yield* fileEntry(file, seen);
  }
}

async function* textOf(batches: AsyncIterable<string[]>): AsyncGenerator<Buffer, void, void> {
  for await (const lines of batches) {
    yield Buffer.from(lines.map((line) => `${line}\n`).join(""), "utf8");
  }
}

// The number goes out as text under another name: an order by that text would put row 9 behind row 10.
async function auditHead(client: Client): Promise<Manifest["audit"]> {
  const { rows } = await client.query<{ head: string; hash: string }>(
    "SELECT seq::text AS head, encode(hash, 'hex') AS hash FROM audit_event ORDER BY seq DESC LIMIT 1",
  );
  return rows[0] === undefined ? null : { seq: Number(rows[0].head), hash: rows[0].hash };
}

/** Nothing for a file that is gone since it was listed: rotated, packed or deleted. */
async function* fileEntry(
  { area, name, path }: HomeFile,
  seen: { files: number },
): AsyncGenerator<ContentEntry, void, void> {
  const handle = await open(path, "r").catch((error: unknown) => {
    if (hasErrorCode(error, "ENOENT")) {
      return null;
    }
    throw error;
  });
  if (handle === null) {
    return;
  }
  try {
    const bytes = (await handle.stat()).size;
    // A file of the record may be written to meanwhile: what has been added since is not read, so that it cannot be ahead of the database.
    const content = (async function* () {
      for (let at = 0; at < bytes;) {
        const { bytesRead, buffer } = await handle.read(Buffer.alloc(Math.min(READ_BYTES, bytes - at)), 0, null, at);
        if (bytesRead === 0) {
          return;
        }
        at += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    })();
    yield { head: { type: "file", area, name }, content };
    seen.files += 1;
  } finally {
    await handle.close();
  }
}

async function writeFile(file: string, bytes: AsyncIterable<Buffer>): Promise<{ bytes: number; sha256: string }> {
  const folder = dirname(file);
  const draft = join(folder, `.${basename(file)}.${process.pid}${DRAFT}`);
  refuseExisting(file);
  const descriptor = openDraft(folder, draft);
  const sha256 = createHash("sha256");
  let size = 0;
  try {
    fchmodSync(descriptor, MODE);
    for await (const chunk of bytes) {
      sha256.update(chunk);
      for (let at = 0; at < chunk.length;) {
        at += writeSync(descriptor, chunk, at);
      }
      size += chunk.length;
    }
    fsyncSync(descriptor);
    refuseExisting(file);
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw hasErrorCode(error, "ENOSPC") || hasErrorCode(error, "EDQUOT")
      ? new AppError(
          "STORE_UNAVAILABLE",
          `The disk of ${folder} is full: no backup was made. Free some space, or name another place with --out.`,
        )
      : error;
  } finally {
    closeSync(descriptor);
  }
  syncFolder(folder);
  return { bytes: size, sha256: sha256.digest("hex") };
}

function openDraft(folder: string, draft: string): number {
  try {
    makeFolder(folder);
    return openSync(draft, "wx", MODE);
  } catch (error) {
    throw new AppError(
      "STORE_UNAVAILABLE",
      `A backup cannot be written to ${folder}: ${messageOf(error)}. Make it writable for this user, or name another place with --out.`,
      { cause: error },
    );
  }
}

/** Only itself: a path whose beginning does not exist is a mistake, or a disk that is not there. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (!hasErrorCode(error, "EEXIST")) {
      throw error;
    }
  }
}

function refuseExisting(file: string): void {
  if (existsSync(file)) {
    throw new AppError("CONFLICT", `${file} exists already and is not overwritten. Name another file.`);
  }
}
