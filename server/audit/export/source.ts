/** What an export is taken from, and what vouches for it. */
import { setTimeout as delay } from "node:timers/promises";
import type { Pool } from "pg";
import { CHECKPOINT_WANTED } from "#server/audit/proof/checkpoint-step.ts";
import { newestCheckpoint, newestRemoval, type StoredNote } from "#server/audit/proof/checkpoint-store.ts";
import type { AuditSearch } from "#server/audit/filter.ts";
import type { ExportFormat, ExportOrder, ExportProof } from "#server/audit/export/schema.ts";
import { readRemoval, type Removal } from "#server/audit/proof/removal.ts";
import { readHeadSeq, readSealedRow } from "#server/audit/sealed-rows.ts";
import { readPublicKey } from "#server/audit/proof/signing-key.ts";
import { formatNoteKey } from "#server/audit/proof/signing-note.ts";
import { readTally } from "#server/audit/reading/tally.ts";
import { AppError } from "#server/core/errors.ts";

export interface ExportSource {
  pool: Pool;
  /** Folder of the public key. */
  keysDir: string;
}

export interface Vouched {
  proof: ExportProof;
  /** Rows that the checkpoint of the proof covers; 0 without one. */
  covered: number;
  removal: Removal | null;
}

/** Fixes what an export that begins now holds. @throws AppError("INVALID_INPUT") when `event` names nothing. */
export async function orderExport(
  { pool, keysDir }: ExportSource,
  format: ExportFormat,
  search: AuditSearch,
): Promise<ExportOrder> {
  const head = await readHeadSeq(pool);
  const { since, until } = search;
  const known = since === undefined && until === undefined ? null : (await readTally(pool, { since, until })).range;
  const removed = (await newestRemoval(pool))?.seq ?? 0;
  const last = until === undefined ? head : Math.min(known?.to ?? 0, head);
  const to = Math.max(last, removed);
  const first = since === undefined ? 1 : (known?.from ?? to + 1);
  const from = Math.min(Math.max(first, removed + 1), to + 1);
  const record = readPublicKey(keysDir)?.name ?? "";
  return { format, record, generatedAt: new Date().toISOString(), search, range: { from, to } };
}

const LOOK_AGAIN_MS = 200;

/** Waits for a checkpoint of at least `size` rows, and lets the sealer know that somebody does. @returns false when there is none after `timeoutMs`. */
export async function awaitCheckpoint(pool: Pool, size: number, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    if (size === 0 || (await checkpointAbove(pool, size)) !== undefined) {
      return true;
    }
    if (performance.now() >= deadline) {
      return false;
    }
    await pool.query("SELECT pg_notify($1, '')", [CHECKPOINT_WANTED]);
    await delay(LOOK_AGAIN_MS);
  }
}

/**
 * The same for the same range however often it is asked, so that an export can be continued: the first checkpoint that covers the range, or
 * else the last before its end.
 * @throws AppError("CONFLICT") when rows of the range are missing.
 */
export async function vouchFor({ pool, keysDir }: ExportSource, { range }: ExportOrder): Promise<Vouched> {
  const key = readPublicKey(keysDir);
  const checkpoint = (await checkpointAbove(pool, range.to)) ?? (await newestCheckpoint(pool, range.to));
  const stored = await newestRemoval(pool);
  const removal = stored === undefined || key === null ? null : readRemoval(stored.note, key);
  if (typeof removal === "string" || (stored !== undefined && removal === null)) {
    throw new AppError(
      "CONFLICT",
      "What stands in the place of removed rows is not signed with this record's key. Run: openclaw security verify-audit",
    );
  }
  return {
    proof: {
      size: range.to,
      head: await headHash(pool, range.to, removal),
      checkpoints: checkpoint === undefined ? [] : [checkpoint.note],
      publicKey: key === null ? null : formatNoteKey(key),
    },
    covered: checkpoint?.seq ?? 0,
    removal,
  };
}

async function checkpointAbove(pool: Pool, size: number): Promise<StoredNote | undefined> {
  const { rows } = await pool.query<StoredNote>(
    "SELECT seq, note FROM audit_checkpoint WHERE seq >= $1 ORDER BY seq LIMIT 1",
    [size],
  );
  return rows[0];
}

const NO_ROW = "0".repeat(64);

async function headHash(pool: Pool, seq: number, removal: Removal | null): Promise<string> {
  if (seq === 0) {
    return NO_ROW;
  }
  const hash = removal?.to === seq ? removal.hash : (await readSealedRow(pool, seq))?.hash;
  if (hash === undefined) {
    throw missingRow(seq);
  }
  return hash.toString("hex");
}

export const missingRow = (seq: number): AppError =>
  new AppError(
    "CONFLICT",
    `Row ${seq} is missing from the record, so it cannot be exported with a proof. Run: openclaw security verify-audit`,
  );
