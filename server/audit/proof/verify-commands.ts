/** What the commands around verification need beside the verification itself: keys and checkpoints from files, and which file is of what kind. */
import { readFileSync } from "node:fs";
import type { Pool } from "pg";
import { readCheckpoint, type Checkpoint } from "#server/audit/proof/checkpoint.ts";
import {
  checkProof,
  parseProof,
  proveConsistency,
  type ConsistencyProof,
} from "#server/audit/proof/checkpoint-proof.ts";
import { newestCheckpoint } from "#server/audit/proof/checkpoint-store.ts";
import { readFirstKey, verifyKeyFile } from "#server/audit/key-files.ts";
import { readPublicKey } from "#server/audit/proof/signing-key.ts";
import type { NoteKey } from "#server/audit/proof/signing-note.ts";
import { isExport, verifyExport, type ExportVerdict } from "#server/audit/proof/verify-export.ts";
import { verifyFile, type FileVerdict, type VerifyFileOptions } from "#server/audit/proof/verify-file.ts";
import type { RecordVerdict } from "#server/audit/proof/verify-record.ts";
import { AppError } from "#server/core/errors.ts";

export type AuditVerdict = RecordVerdict | ExportVerdict | FileVerdict;

/** @throws AppError("AUDIT_UNAVAILABLE") when a named file is missing or holds no key. */
export function readVerifyKeys(
  keysDir: string,
  named: { key?: string | undefined; publicKey?: string | undefined },
): { firstKey: Buffer | null; key: NoteKey | null } {
  const firstKey = readFirstKey(named.key ?? verifyKeyFile(keysDir));
  if (firstKey === null && named.key !== undefined) {
    throw new AppError("AUDIT_UNAVAILABLE", `There is no key file ${named.key}. Name the file audit-verify.json.`);
  }
  return { firstKey, key: readPublicKey(keysDir, named.publicKey) };
}

/** A file of the record or an export of it. @throws AppError("AUDIT_UNAVAILABLE" | "CANNOT_DECRYPT") */
export async function verifyExported(
  options: VerifyFileOptions & { expectSize?: number | undefined },
): Promise<ExportVerdict | FileVerdict> {
  const verdict = (await isExport(options.file)) ? await verifyExport(options) : await verifyFile(options);
  return verdict.sound && verdict.head.seq < (options.expectSize ?? 0)
    ? { sound: false, seq: verdict.head.seq + 1, kind: "truncated" }
    : verdict;
}

/** A checkpoint from a file. @param publicKey as of `readPublicKey`. @throws AppError("AUDIT_UNAVAILABLE") when it is not of this record. */
export function readCheckpointFile(keysDir: string, file: string, publicKey?: string): Checkpoint {
  return checkpointIn(file, requireKey(keysDir, publicKey));
}

/** The proof for the checkpoints in two files; null when the record does not lead from the one to the other. @throws AppError */
export async function proveRecord(
  db: Pool,
  keysDir: string,
  { from, to }: { from: string; to?: string | undefined },
): Promise<ConsistencyProof | null> {
  const key = requireKey(keysDir);
  const older = checkpointIn(from, key);
  const newer = to === undefined ? await newestOf(db, key) : checkpointIn(to, key);
  if (older.size > newer.size) {
    throw new AppError(
      "INVALID_INPUT",
      `The checkpoint in ${from} covers ${older.size} rows, more than the ${newer.size} of the newer one. Exchange them.`,
    );
  }
  return proveConsistency(db, key, older, newer);
}

/** The sizes that a proof connects, or null when it does not hold. @throws AppError("AUDIT_UNAVAILABLE") */
export function checkConsistency(
  keysDir: string,
  text: string,
  publicKey?: string,
): { older: number; newer: number } | null {
  return checkProof(parseProof(text), requireKey(keysDir, publicKey));
}

async function newestOf(db: Pool, key: NoteKey): Promise<Checkpoint> {
  const stored = await newestCheckpoint(db);
  if (stored === undefined) {
    throw new AppError("NOT_FOUND", "The record has no checkpoint yet. Wait ten seconds after its first row.");
  }
  return checked("The newest checkpoint of the record", stored.note, key);
}

function checkpointIn(file: string, key: NoteKey): Checkpoint {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new AppError("AUDIT_UNAVAILABLE", `${file} cannot be read. Check its name, owner and mode.`, {
      cause: error,
    });
  }
  return checked(file, `${text.replaceAll("\r\n", "\n").trimEnd()}\n`, key);
}

function checked(name: string, note: string, key: NoteKey): Checkpoint {
  const checkpoint = readCheckpoint(note, key);
  if (typeof checkpoint === "string") {
    throw new AppError(
      "AUDIT_UNAVAILABLE",
      checkpoint === "foreign"
        ? `${name} is not signed by ${key.name}: it is of another record.`
        : `${name} is no checkpoint, or was changed after it was signed.`,
    );
  }
  return checkpoint;
}

function requireKey(keysDir: string, given?: string): NoteKey {
  const key = readPublicKey(keysDir, given);
  if (key === null) {
    throw new AppError(
      "AUDIT_UNAVAILABLE",
      "There is no public key audit-public-key.txt in the home. Name the one of the record with --public-key.",
    );
  }
  return key;
}
