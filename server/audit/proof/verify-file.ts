/**
 * Verification of the record's files, wherever they were taken to: the chain with the first key, or the tree with the checkpoints that lie
 * beside them.
 */
import { basename } from "node:path";
import type { Checkpoint } from "#server/audit/proof/checkpoint.ts";
import { checkpointFile, openNotes } from "#server/audit/proof/checkpoint-file.ts";
import { readRecord, readRecordLines } from "#server/audit/files/read-files.ts";
import type { NoteKey } from "#server/audit/proof/signing-note.ts";
import { lineItem, type Item } from "#server/audit/proof/verify-items.ts";
import { storedNotes, noNotes, trustedRoots } from "#server/audit/proof/verify-roots.ts";
import { verifyItems, type Sound, type Tampered, type TrustedRoot } from "#server/audit/proof/verify.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { AppError } from "#server/core/errors.ts";

export interface VerifyFileOptions {
  /** One file of the record in any of its forms; the one being written stands for all. */
  file: string;
  /** Opens encrypted files; null where there is no keyring. */
  keyring: Keyring | null;
  firstKey: Buffer | null;
  key: NoteKey | null;
  required?: Checkpoint | undefined;
  onProgress?: ((seq: number) => void) | undefined;
}

export type FileVerdict =
  | Tampered
  | (Sound & {
      /** The first row of the files. */
      from: number;
      /** Whether each row was checked against the chain. */
      chained: boolean;
    });

/** What a rotated file's name says of its rows. */
const ROTATED = /-(\d+)-(\d+)\.[^.]+(?:\.gz)?(?:\.enc)?$/;
const BATCH = 1_000;

/** @throws AppError("AUDIT_UNAVAILABLE" | "CANNOT_DECRYPT") when keys are missing or a file cannot be read. */
export async function verifyFile(options: VerifyFileOptions): Promise<FileVerdict> {
  const { file, keyring, firstKey, key, required, onProgress } = options;
  const [, first, last] = ROTATED.exec(basename(file)) ?? [];
  const batches = itemsOf(last === undefined ? readRecord(file, keyring) : readRecordLines([file], keyring));
  const head = await batches.next();
  const start = head.done === true ? 0 : (head.value.find((item) => "text" in item)?.seq ?? 0);
  if (first !== undefined && start !== Number(first)) {
    return { sound: false, seq: Number(first), kind: "deleted" };
  }
  const treeOnly = firstKey === null;
  if (treeOnly && (key === null || start > 1)) {
    await batches.return?.();
    throw needsFirstKey(file, key === null ? null : start);
  }
  const copies = await openNotes(checkpointFile(file));
  const others = required === undefined ? [] : [required];
  const roots =
    key === null ? undefined : trustedRoots({ key, stored: storedNotes(copies), copies: noNotes(), others });
  const verdict = await verifyItems(rejoin(head, batches), {
    firstKey,
    roots: roots === undefined ? undefined : upTo(roots, Number(last ?? Infinity)),
    onProgress,
  });
  if (!verdict.sound) {
    return verdict;
  }
  if (last !== undefined && verdict.head.seq !== Number(last)) {
    return { sound: false, seq: verdict.head.seq + 1, kind: "truncated" };
  }
  if (treeOnly && verdict.covered === 0 && verdict.head.seq > 0) {
    throw needsFirstKey(file, null);
  }
  return { ...verdict, from: start, chained: !treeOnly };
}

/** In batches, with what stands for the rows before the first one. */
async function* itemsOf(lines: AsyncIterable<string>): AsyncGenerator<Item[], void, void> {
  let batch: Item[] = [];
  let begun = false;
  for await (const line of lines) {
    const item = lineItem(line);
    if (!begun && item.seq > 1) {
      batch.push({ gap: item.seq - 1, subtrees: null });
    }
    begun = true;
    batch.push(item);
    if (batch.length >= BATCH) {
      yield batch;
      batch = [];
    }
  }
  yield batch;
}

async function* rejoin(first: IteratorResult<Item[], void>, rest: AsyncGenerator<Item[], void, void>) {
  if (first.done !== true) {
    yield first.value;
    yield* rest;
  }
}

async function* upTo(roots: AsyncIterable<TrustedRoot>, size: number): AsyncGenerator<TrustedRoot, void, void> {
  for await (const root of roots) {
    if (root.size > size) {
      return;
    }
    yield root;
  }
}

function needsFirstKey(file: string, start: number | null): AppError {
  const because =
    start === null
      ? "no checkpoint in audit-checkpoints.txt beside it covers its rows"
      : `it begins with row ${start}, and a checkpoint covers all rows from the first one on`;
  return new AppError(
    "AUDIT_UNAVAILABLE",
    `${file} cannot be verified without the first key: ${because}. Name the key file with --key.`,
  );
}
