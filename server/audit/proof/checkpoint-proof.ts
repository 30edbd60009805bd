/**
 * Consistency proofs (RFC 9162 § 2.1.4): that the rows under a newer checkpoint begin with those under an older one, shown by a few hashes and
 * without a row. For whoever keeps a checkpoint and asks later whether the record still stands on it.
 */
import { z } from "zod";
import { hashOf, readCheckpoint, type Checkpoint } from "#server/audit/proof/checkpoint.ts";
import { newestRemoval } from "#server/audit/proof/checkpoint-store.ts";
import type { Queryable } from "#server/audit/intake.ts";
import {
  append,
  appendSubtree,
  consistencyPlaces,
  emptyRange,
  isConsistent,
  leafHash,
  rootOf,
  type Range,
} from "#server/audit/proof/merkle.ts";
import { mirrorLine } from "#server/audit/mirror.ts";
import { readRemoval } from "#server/audit/proof/removal.ts";
import { readSealed } from "#server/audit/sealed-rows.ts";
import type { NoteKey } from "#server/audit/proof/signing-note.ts";
import { AppError } from "#server/core/errors.ts";

const Proof = z.object({
  format: z.literal("openclaw-audit-consistency/1"),
  old: z.string(),
  new: z.string(),
  hashes: z.array(z.string().refine((text) => hashOf(text) !== null)),
});
export type ConsistencyProof = z.infer<typeof Proof>;

/**
 * Builds the proof from the rows of the database.
 * @returns null when the rows do not lead from the one checkpoint to the other: the record was changed.
 * @throws AppError("INVALID_INPUT") when the older one lies within rows that were removed, whose hashes are gone.
 */
export async function proveConsistency(
  db: Queryable,
  key: NoteKey,
  older: Checkpoint,
  newer: Checkpoint,
): Promise<ConsistencyProof | null> {
  const places = consistencyPlaces(older.size, newer.size).map(([start, end]) => ({ start, end, range: emptyRange() }));
  const take = (start: number, width: number, add: (range: Range) => void): void => {
    for (const place of places) {
      if (start >= place.start && start + width <= place.end) {
        add(place.range);
      } else if (start < place.end && place.start < start + width) {
        throw new AppError(
          "INVALID_INPUT",
          `Rows up to ${start + width} were removed when their time was over, and with them what a proof from row ${older.size} needs. Take a later checkpoint.`,
        );
      }
    }
  };
  let seq = 0;
  for (const [level, root] of await removedSubtrees(db, key)) {
    take(seq, 2 ** level, (range) => appendSubtree(range, { level, root }));
    seq += 2 ** level;
  }
  for await (const batch of readSealed(db, seq)) {
    for (const sealed of batch) {
      const leaf = leafHash(mirrorLine(sealed));
      take(seq, 1, (range) => append(range, leaf));
      seq += 1;
    }
    if (seq >= newer.size) {
      break;
    }
  }
  const hashes = places.map(({ range }) => rootOf(range));
  return seq >= newer.size && isConsistent(older, newer, hashes)
    ? {
        format: "openclaw-audit-consistency/1",
        old: older.note,
        new: newer.note,
        hashes: hashes.map((hash) => hash.toString("base64")),
      }
    : null;
}

async function removedSubtrees(db: Queryable, key: NoteKey): Promise<[level: number, root: Buffer][]> {
  const stored = await newestRemoval(db);
  const removal = stored === undefined ? null : readRemoval(stored.note, key);
  if (typeof removal === "string") {
    throw new AppError("AUDIT_UNAVAILABLE", "The removal in the record is not signed by its key. Run verify-audit.");
  }
  let rest = removal?.range.size ?? 0;
  return (removal?.range.roots ?? []).map((root) => {
    const level = Math.floor(Math.log2(rest));
    rest -= 2 ** level;
    return [level, root];
  });
}

/** The proof in a file's text. @throws AppError("AUDIT_UNAVAILABLE") when it is none. */
export function parseProof(text: string): ConsistencyProof {
  try {
    return Proof.parse(JSON.parse(text));
  } catch {
    throw new AppError("AUDIT_UNAVAILABLE", "The file is no consistency proof. Make one with security prove-audit.");
  }
}

/** The sizes that a proof connects, or null when it connects nothing. */
export function checkProof(proof: ConsistencyProof, key: NoteKey): { older: number; newer: number } | null {
  const [older, newer] = [readCheckpoint(proof.old, key), readCheckpoint(proof.new, key)];
  if (typeof older === "string" || typeof newer === "string") {
    return null;
  }
  const hashes = proof.hashes.map((hash) => Buffer.from(hash, "base64"));
  return isConsistent(older, newer, hashes) ? { older: older.size, newer: newer.size } : null;
}
