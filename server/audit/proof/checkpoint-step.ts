/** When the sealer signs the record's head, and where the checkpoint goes: into the database first, then into the file. */
import { claimedSize, signCheckpoint } from "#server/audit/proof/checkpoint.ts";
import type { CheckpointFile } from "#server/audit/proof/checkpoint-file.ts";
import { readCheckpoints, storeCheckpoint } from "#server/audit/proof/checkpoint-store.ts";
import type { Queryable } from "#server/audit/intake.ts";
import type { Range } from "#server/audit/proof/merkle.ts";
import type { NoteSigner } from "#server/audit/proof/signing-note.ts";

/** Rows without a checkpoint after which one is signed, and the time after which it is in any case. */
const MAX_ROWS = 10_000;
const MAX_WAIT_MS = 10_000;
/** Anybody with the web process's rights may ask for one: not more often than this. */
const ASKED_EVERY_MS = 2_000;
/** A reader who needs the newest rows signed says so on this channel (NOTIFY). */
export const CHECKPOINT_WANTED = "openclaw_checkpoint";

export interface Checkpointer {
  /** Signs the tree's head when it is time to, or when `now` is asked for and it is not signed yet. */
  step(range: Range, now?: boolean): Promise<void>;
  /** Somebody waits for a checkpoint: the next step signs one. */
  ask(): void;
  /** Signs earlier heads. */
  catchUp(ranges: readonly Range[]): Promise<void>;
}

/** @param covered rows that the newest checkpoint covers. */
export function createCheckpointer(
  { db, signer, file }: { db: Queryable; signer: NoteSigner; file: CheckpointFile },
  covered: number,
): Checkpointer {
  let signed = covered;
  /** When the first row was seen that no checkpoint covers. */
  let uncoveredSince: number | null = null;
  let asked = false;
  let signedAt = -ASKED_EVERY_MS;

  function isTime(rows: number, since: number): boolean {
    const now = performance.now();
    return rows >= MAX_ROWS || now - since >= MAX_WAIT_MS || (asked && now - signedAt >= ASKED_EVERY_MS);
  }

  async function sign(range: Range): Promise<void> {
    const { size, note } = signCheckpoint(range, signer);
    await storeCheckpoint(db, { seq: size, note });
    signed = size;
    signedAt = performance.now();
    uncoveredSince = null;
    asked = false;
    await file.append([note]);
  }

  return {
    async step(range, now = false) {
      if (range.size === signed) {
        asked = false;
        return;
      }
      uncoveredSince ??= performance.now();
      if (now || isTime(range.size - signed, uncoveredSince)) {
        await sign(range);
      }
    },
    ask() {
      asked = true;
    },
    async catchUp(ranges) {
      for (const range of ranges) {
        await sign(range);
      }
    },
  };
}

/** Brings the file level with the database after a crash, or after it was lost. */
export async function levelCheckpointFile(db: Queryable, file: CheckpointFile): Promise<void> {
  const copied = file.last === null ? 0 : (claimedSize(file.last) ?? 0);
  for await (const { note } of readCheckpoints(db, copied)) {
    await file.append([note]);
  }
}
