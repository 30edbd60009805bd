/**
 * Retention (`logging.audit.retention`): rows whose time is over leave the database from the beginning of the record, and a signed removal
 * takes their place. Rows leave only up to a checkpoint, and only when they are still those it was signed over: what somebody changed stays
 * to be seen.
 */
import { recordLine, canonicalRow } from "#server/audit/chain.ts";
import { readCheckpoint } from "#server/audit/proof/checkpoint.ts";
import { newestCheckpoint, newestRemoval, storeRemoval } from "#server/audit/proof/checkpoint-store.ts";
import type { Queryable } from "#server/audit/intake.ts";
import type { SealerState } from "#server/audit/key-files.ts";
import { append, copyRange, emptyRange, leafHash, rootOf } from "#server/audit/proof/merkle.ts";
import { readRemoval, signRemoval, type Removal } from "#server/audit/proof/removal.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { sealOwn, type SealBench } from "#server/audit/seal-batch.ts";
import { readSealed } from "#server/audit/sealed-rows.ts";
import type { NoteSigner } from "#server/audit/proof/signing-note.ts";

/** Rows that leave in one transaction: sealing waits that long. */
const MAX_ROWS = 50_000;

export interface RemovalStep {
  state: SealerState;
  /** More rows are due. */
  more: boolean;
  /** The rows that are due are not those of their checkpoint: none of them was removed. */
  refused: boolean;
}

/** Removes the oldest rows that are older than `retentionMs`, as far as checkpoints reach. */
export async function removeOld(
  bench: SealBench,
  state: SealerState,
  signer: NoteSigner,
  retentionMs: number,
): Promise<RemovalStep> {
  const done = await lastRemoval(bench.client, signer);
  const limit = await oldUpTo(bench.client, done.to, Date.now() - retentionMs);
  const checkpoint = limit > done.to ? await newestCheckpoint(bench.client, limit) : undefined;
  if (checkpoint === undefined || checkpoint.seq <= done.to) {
    return { state, more: false, refused: false };
  }
  const removal = await removalUpTo(bench.client, done, checkpoint.seq);
  const signed = readCheckpoint(checkpoint.note, signer);
  if (removal === null || typeof signed === "string" || !rootOf(removal.range).equals(signed.root)) {
    return { state, more: false, refused: true };
  }
  const next = await sealOwn(bench, state, [removedEvent(removal)], async () => {
    await storeRemoval(bench.client, { seq: removal.to, note: signRemoval(removal, signer) });
    await bench.client.query("SELECT audit_remove()");
  });
  return { state: next, more: limit - done.to === MAX_ROWS, refused: false };
}

/** What is said once about rows that are due and were changed. */
export function changedRowsEvent(): AuditEventInput {
  return {
    event: "audit.integrity_failed",
    outcome: "failed",
    actor: { type: "system", id: "sealer" },
    reason: "rows_differ_from_checkpoint",
    because: "logging.audit.retention",
  };
}

async function lastRemoval(db: Queryable, signer: NoteSigner): Promise<Removal> {
  const stored = await newestRemoval(db);
  const removal = stored === undefined ? null : readRemoval(stored.note, signer);
  if (typeof removal === "string") {
    throw new Error("a removal was signed by another key while this sealer held the lock");
  }
  return removal ?? { from: 0, to: 0, hash: Buffer.alloc(0), range: emptyRange() };
}

/** The last row of those that are old, looking at so many as one step removes. */
async function oldUpTo(db: Queryable, removed: number, before: number): Promise<number> {
  const { rows } = await db.query<{ limit: number | null }>(
    `SELECT coalesce(
       (SELECT seq - 1 FROM audit_event WHERE seq > $1 AND seq <= $2 AND at >= $3 ORDER BY seq LIMIT 1),
       (SELECT max(seq) FROM audit_event WHERE seq > $1 AND seq <= $2)) AS limit`,
    [removed, removed + MAX_ROWS, new Date(before)],
  );
  return rows[0]?.limit ?? removed;
}

/** Null when rows are missing. */
async function removalUpTo(db: Queryable, done: Removal, to: number): Promise<Removal | null> {
  const range = copyRange(done.range);
  let last = done.hash;
  for await (const batch of readSealed(db, done.to)) {
    for (const { row, hash } of batch) {
      if (range.size < to) {
        append(range, leafHash(recordLine(canonicalRow(row), hash)));
        last = hash;
      }
    }
    if (range.size === to) {
      break;
    }
  }
  return range.size === to ? { from: done.to + 1, to, hash: last, range } : null;
}

function removedEvent({ from, to }: Removal): AuditEventInput {
  return {
    event: "audit.records_removed",
    outcome: "ok",
    actor: { type: "system", id: "sealer" },
    because: "logging.audit.retention",
    data: { from, to },
  };
}
