/** Reads rows of the record in the form the chain hashes, one by one or the whole chain in batches. */
import type { SealedRow } from "#server/audit/chain.ts";
import { COLUMNS, toChainRow, type RowCells } from "#server/audit/columns.ts";
import type { Queryable } from "#server/audit/intake.ts";

/** Small enough for the socket to hold the next batch while the caller works on this one. */
const READ_BATCH = 500;

async function readBatch(db: Queryable, afterSeq: number, limit: number): Promise<SealedRow[]> {
  const result = await db.query<RowCells>({
    name: "audit-sealed",
    rowMode: "array",
    text: `SELECT ${COLUMNS}, hash FROM audit_event WHERE seq > $1 ORDER BY seq LIMIT $2`,
    values: [afterSeq, limit],
  });
  return result.rows.map((cells) => ({ row: toChainRow(cells), hash: cells[19] }));
}

/** Sealed rows after `afterSeq` in order of seq. The next batch is fetched while the caller works on the current one. */
export async function* readSealed(db: Queryable, afterSeq = 0): AsyncGenerator<SealedRow[], void, void> {
  let batch = await readBatch(db, afterSeq, READ_BATCH);
  while (batch.length > 0) {
    const last = batch.at(-1)?.row.seq ?? 0;
    const upcoming = batch.length < READ_BATCH ? Promise.resolve([]) : readBatch(db, last, READ_BATCH);
    // Its failure is thrown by the await below; until then it must not count as unhandled.
    upcoming.catch(() => undefined);
    yield batch;
    batch = await upcoming;
  }
}

/** The sealed row with this number, or undefined. */
export async function readSealedRow(db: Queryable, seq: number): Promise<SealedRow | undefined> {
  const [first] = await readBatch(db, seq - 1, 1);
  return first?.row.seq === seq ? first : undefined;
}

/** The highest sequence number, also when its row was removed since; 0 when nothing was ever sealed. */
export async function readHeadSeq(db: Queryable): Promise<number> {
  const result = await db.query<{ head: number }>(
    "SELECT greatest((SELECT max(seq) FROM audit_event), (SELECT max(to_seq) FROM audit_removal), 0) AS head",
  );
  return result.rows[0]?.head ?? 0;
}
