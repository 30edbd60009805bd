/**
 * Verification of a home's record: the rows of the database against the first key and the signed checkpoints, against the copies of those in
 * the file, and against the heads that key file and mirror remember. Everything outside of the database is read before it, and the database
 * in one snapshot, so that a sealer at work changes nothing.
 */
import type { Pool, PoolClient } from "pg";
import type { ChainHead } from "#server/audit/chain.ts";
import { readCheckpoint, type Checkpoint } from "#server/audit/proof/checkpoint.ts";
import { checkpointFile, openNotes } from "#server/audit/proof/checkpoint-file.ts";
import { checkpointOf, readCheckpoints, readRemovals } from "#server/audit/proof/checkpoint-store.ts";
import { readFirstKey, readSealerState, verifyKeyFile } from "#server/audit/key-files.ts";
import { rootOf } from "#server/audit/proof/merkle.ts";
import { headOfLine, readMirrorEnd } from "#server/audit/mirror.ts";
import { readSealed } from "#server/audit/sealed-rows.ts";
import { readPublicKey } from "#server/audit/proof/signing-key.ts";
import type { NoteKey } from "#server/audit/proof/signing-note.ts";
import { readBase } from "#server/audit/proof/verify-base.ts";
import { rowItem, type Item } from "#server/audit/proof/verify-items.ts";
import { trustedRoots } from "#server/audit/proof/verify-roots.ts";
import { Unsound, verifyItems, type Sound, type Tampered, type TrustedRoot } from "#server/audit/proof/verify.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { withConnection } from "#server/core/db/held-connection.ts";
import { AppError } from "#server/core/errors.ts";

export interface VerifyRecordOptions {
  db: Pool;
  keysDir: string;
  mirrorFile: string;
  /** Opens the mirror's last line; null where there is no keyring. */
  keyring: Keyring | null;
  /** Leave the last line of the record's file aside: for a process that holds no key of the files. */
  withoutFiles?: boolean | undefined;
  /** File with the first key, where it is kept outside of the home. */
  keyFile?: string | undefined;
  /** Public key, or file that holds it, where the one in the home is not to be trusted. */
  publicKey?: string | undefined;
  /** A checkpoint that was kept elsewhere: the record has to begin with its rows. */
  required?: Checkpoint | undefined;
  /** Rows that the record is known to have had. */
  expectSize?: number | undefined;
  onProgress?: (seq: number) => void;
}

export type RecordVerdict =
  | Tampered
  | (Sound & {
      /** Rows 1 to this one were removed when their time was over; 0 for none. */
      removed: number;
      /** Whether each row was checked against the chain. */
      chained: boolean;
    });

/** @throws AppError("AUDIT_UNAVAILABLE" | "CANNOT_DECRYPT") when keys are missing or a file cannot be read. */
export async function verifyRecord(options: VerifyRecordOptions): Promise<RecordVerdict> {
  const firstKey = readFirstKey(options.keyFile ?? verifyKeyFile(options.keysDir));
  const key = readPublicKey(options.keysDir, options.publicKey);
  if (firstKey === null && (key === null || options.keyFile !== undefined)) {
    throw new AppError(
      "AUDIT_UNAVAILABLE",
      `There is no verification key at ${options.keyFile ?? verifyKeyFile(options.keysDir)}. Name the file with --key.`,
    );
  }
  const state = readSealerState(options.keysDir);
  const mirrored = options.withoutFiles === true ? null : await readMirrorHead(options.mirrorFile, options.keyring);
  const heads = [state, mirrored].filter((head) => head !== null);
  const range = state?.range ?? null;
  const own = range === null || range.size === 0 ? [] : [{ size: range.size, root: rootOf(range) }];
  const copies = await openNotes(checkpointFile(options.mirrorFile));
  try {
    return await inSnapshot(options.db, (db) => verifyRows(db, options, { firstKey, key, heads, own, copies }));
  } catch (error) {
    if (error instanceof Unsound) {
      return error.verdict;
    }
    throw error;
  }
}

interface Known {
  firstKey: Buffer | null;
  key: NoteKey | null;
  heads: readonly ChainHead[];
  /** The tree that the key file holds. */
  own: readonly TrustedRoot[];
  copies: AsyncIterable<string>;
}

async function verifyRows(db: PoolClient, options: VerifyRecordOptions, known: Known): Promise<RecordVerdict> {
  const { firstKey, key, own, copies } = known;
  const { required, expectSize = 0, onProgress } = options;
  const removals = await readRemovals(db);
  const first = await db.query<{ seq: number }>("SELECT seq FROM audit_event ORDER BY seq LIMIT 1");
  await refuseUnreadableNotes(db, key, removals.length, options.publicKey !== undefined);
  const base = key === null ? null : readBase(removals, key);
  const removed = base?.to ?? 0;
  if (first.rows[0] !== undefined && first.rows[0].seq <= removed) {
    throw new Unsound({ seq: first.rows[0].seq, kind: "inserted" });
  }
  if (base !== null && known.heads.some(({ seq, hash }) => seq === removed && !hash.equals(base.hash))) {
    throw new Unsound({ seq: removed, kind: "removal" });
  }
  if (required !== undefined && required.size < removed) {
    await compareWithin(db, required);
  }
  const others = required === undefined ? own : [...own, required];
  const verdict = await verifyItems(rowItems(db, removed), {
    firstKey,
    base: base ?? undefined,
    heads: known.heads.filter(({ seq }) => seq > removed),
    roots: key === null ? undefined : trustedRoots({ key, stored: readCheckpoints(db), copies, others }),
    onProgress,
  });
  if (!verdict.sound) {
    return verdict;
  }
  if (verdict.head.seq < expectSize) {
    return { sound: false, seq: verdict.head.seq + 1, kind: "truncated" };
  }
  if (firstKey === null && verdict.covered === 0 && verdict.head.seq > 0) {
    throw new AppError(
      "AUDIT_UNAVAILABLE",
      "No checkpoint covers the record yet, and without the verification key nothing else can be checked. Name the key file with --key.",
    );
  }
  return { ...verdict, removed, chained: firstKey !== null };
}

async function* rowItems(db: PoolClient, afterSeq: number): AsyncGenerator<Item[], void, void> {
  for await (const batch of readSealed(db, afterSeq)) {
    yield batch.map(rowItem);
  }
}

/**
 * Notes that nobody can check prove nothing, whatever the chain says.
 * @param named somebody named the key: it may simply be another record's.
 */
async function refuseUnreadableNotes(
  db: PoolClient,
  key: NoteKey | null,
  removals: number,
  named: boolean,
): Promise<void> {
  const { rows } = await db.query<{ note: string }>(
    `SELECT note FROM audit_checkpoint WHERE seq IN ((SELECT min(seq) FROM audit_checkpoint), (SELECT max(seq) FROM audit_checkpoint))`,
  );
  if (key === null && rows.length + removals > 0) {
    throw new AppError(
      "AUDIT_UNAVAILABLE",
      "The record's public key audit-public-key.txt is missing. Restore it from a backup, or name it with --public-key.",
    );
  }
  if (named && key !== null && rows.length > 0 && rows.every(({ note }) => readCheckpoint(note, key) === "foreign")) {
    throw new AppError(
      "AUDIT_UNAVAILABLE",
      `The checkpoints of this record were not signed by ${key.name}. Name the public key of this record with --public-key.`,
    );
  }
}

/** Of rows that were removed, only their checkpoints are left. */
async function compareWithin(db: PoolClient, required: Checkpoint): Promise<void> {
  const stored = await checkpointOf(db, required.size);
  if (stored === undefined) {
    throw new AppError(
      "AUDIT_UNAVAILABLE",
      `Row ${required.size}, the last one under the checkpoint, was removed when its time was over, and no checkpoint of this size is left to compare with.`,
    );
  }
  if (!stored.includes(`\n${required.root.toString("base64")}\n`)) {
    throw new Unsound({ seq: required.size, kind: "checkpoint" });
  }
}

async function readMirrorHead(file: string, keyring: Keyring | null): Promise<ChainHead | null> {
  const line = await readMirrorEnd(file, keyring);
  return line === undefined ? null : headOfLine(line);
}

const inSnapshot = <T>(pool: Pool, work: (db: PoolClient) => Promise<T>): Promise<T> =>
  withConnection(pool, async (db, discard) => {
    // The rest of a step that was cut short must not meet the next user of the connection.
    discard();
    await db.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    return work(db);
  });
