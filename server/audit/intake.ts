/**
 * The table `audit_intake`: writers add batches, the sealer takes them out. It has no index but its key and announces nothing, so that
 * adding to it costs little more than its commit.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Pool, PoolClient } from "pg";

/** A pool or one of its connections. */
export type Queryable = Pick<Pool | PoolClient, "query">;

/** `$1`: JSON array of entries (`entry.ts`). */
export const INSERT_BATCH_SQL = "INSERT INTO audit_intake (events) VALUES ($1)";

export interface IntakeBatch {
  id: number;
  events: string;
}

/** Batches read at a time. Bytes bound it where they are large; one batch is read in any case. */
const READ_BATCHES = 2_000;
const READ_BYTES = 2 * 1024 * 1024;

// Lengths are known without reading the texts, so those beyond the bound stay in the table.
const READ_SQL = `
SELECT id, events, upto FROM (
  SELECT id, events, octet_length(events) AS bytes, sum(octet_length(events)) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) AS upto
  FROM audit_intake WHERE id <> ALL ($1::bigint[]) ORDER BY id LIMIT ${READ_BATCHES}
) AS oldest WHERE upto - bytes < ${READ_BYTES} ORDER BY id`;

/** @param taken ids of batches that are about to be taken out. @returns the oldest visible ones, some thousand events at most */
export async function readOldest(
  db: Queryable,
  taken: readonly number[],
): Promise<{ batches: IntakeBatch[]; isAll: boolean }> {
  const query = { name: "audit-intake", text: READ_SQL, values: [taken] };
  const { rows } = await db.query<IntakeBatch & { upto: number }>(query);
  return { batches: rows, isAll: rows.length < READ_BATCHES && (rows.at(-1)?.upto ?? 0) < READ_BYTES };
}

/** How many batches the sealer has still to take. */
export async function countWaiting(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ n: number }>("SELECT count(*) AS n FROM audit_intake");
  return rows[0]?.n ?? 0;
}

const LOOK_AGAIN_MS = 50;

/**
 * Waits until everything recorded before the call is sealed, for at most `timeoutMs`.
 * @returns how many of those batches still wait then: 0 unless the sealer is behind or not running.
 */
export async function awaitSealing(db: Queryable, timeoutMs = 1_000): Promise<number> {
  const deadline = performance.now() + timeoutMs;
  const newest = await db.query<{ id: number }>("SELECT coalesce(max(id), 0) AS id FROM audit_intake");
  for (;;) {
    const known = await db.query<{ n: number }>("SELECT count(*) AS n FROM audit_intake WHERE id <= $1", [
      newest.rows[0]?.id ?? 0,
    ]);
    const waiting = known.rows[0]?.n ?? 0;
    if (waiting === 0 || performance.now() >= deadline) {
      return waiting;
    }
    await delay(LOOK_AGAIN_MS);
  }
}
