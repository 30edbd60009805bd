/**
 * Seals what waits, one batch after the other, with three things at a time: while the database stores a batch, the next one is read and
 * chained, and the one before is written to the files. What depends on order keeps it: rows are chained in the order in which they are
 * stored, a row reaches the files only after its commit, and the key's position is stored after both.
 */
import type { PoolClient } from "pg";
import type { SealerState } from "#server/audit/key-files.ts";
import { finish, prepareOldest, store, type Prepared, type SealBench } from "#server/audit/seal-batch.ts";

interface SealWaitingOptions {
  bench: SealBench;
  /** A connection beside the one that stores. */
  reader: PoolClient;
  /** Told of the state behind each batch that is stored and written. */
  onSealed: (state: SealerState) => Promise<void>;
  /** False when no further batch is begun behind this one, whatever waits. */
  goesOn: (batch: Prepared) => boolean;
}

/** @returns the state when nothing waits any more, or no further batch was to be begun. @throws when a step failed; others under way have ended then. */
export async function sealWaiting(from: SealerState, options: SealWaitingOptions): Promise<SealerState> {
  const { bench, reader, onSealed, goesOn } = options;
  let state = from;
  let before: Prepared | null = null;
  let current = await prepareOldest(reader, from, []);
  while (current !== null || before !== null) {
    const storing: Prepared | null = current;
    const [stored, finished, next] = await Promise.allSettled([
      storing === null ? undefined : store(bench, storing),
      before === null ? undefined : finish(bench, before),
      storing === null || !goesOn(storing) ? null : prepareOldest(reader, storing.state, storing.batches),
    ]);
    throwFirst([stored, finished, next]);
    if (before !== null) {
      await onSealed(before.state);
    }
    state = storing?.state ?? state;
    before = storing;
    current = next.status === "fulfilled" ? next.value : null;
  }
  return state;
}

function throwFirst(results: readonly PromiseSettledResult<unknown>[]): void {
  for (const result of results) {
    if (result.status === "rejected") {
      throw result.reason;
    }
  }
}
