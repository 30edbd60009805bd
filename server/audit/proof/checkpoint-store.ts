/** Checkpoints and removals in the database. Both tables can only be added to. */
import type { Queryable } from "#server/audit/intake.ts";

/** A note as it is stored: `seq` is the row up to which it stands. */
export interface StoredNote {
  seq: number;
  note: string;
}

const READ_BATCH = 2_000;

export async function storeCheckpoint(db: Queryable, { seq, note }: StoredNote): Promise<void> {
  await db.query({
    name: "audit-checkpoint",
    text: "INSERT INTO audit_checkpoint (seq, note) VALUES ($1, $2)",
    values: [seq, note],
  });
}

/** The newest checkpoint that covers at most `limit` rows; default: the newest of all. */
export async function newestCheckpoint(db: Queryable, limit?: number): Promise<StoredNote | undefined> {
  const result = await db.query<StoredNote>(
    "SELECT seq, note FROM audit_checkpoint WHERE seq <= coalesce($1, seq) ORDER BY seq DESC LIMIT 1",
    [limit ?? null],
  );
  return result.rows[0];
}

/** The note of the checkpoint that covers exactly `size` rows, or undefined. */
export async function checkpointOf(db: Queryable, size: number): Promise<string | undefined> {
  const { rows } = await db.query<{ note: string }>("SELECT note FROM audit_checkpoint WHERE seq = $1", [size]);
  return rows[0]?.note;
}

/** Checkpoints of more than `afterSeq` rows in order. */
export async function* readCheckpoints(db: Queryable, afterSeq = 0): AsyncGenerator<StoredNote, void, void> {
  for (let after = afterSeq; ;) {
    const { rows } = await db.query<StoredNote>({
      name: "audit-checkpoints",
      text: "SELECT seq, note FROM audit_checkpoint WHERE seq > $1 ORDER BY seq LIMIT $2",
      values: [after, READ_BATCH],
    });
    yield* rows;
    if (rows.length < READ_BATCH) {
      return;
    }
    after = rows.at(-1)?.seq ?? after;
  }
}

export async function storeRemoval(db: Queryable, { seq, note }: StoredNote): Promise<void> {
  await db.query("INSERT INTO audit_removal (to_seq, note) VALUES ($1, $2)", [seq, note]);
}

/** All removals, oldest first. */
export async function readRemovals(db: Queryable): Promise<StoredNote[]> {
  const result = await db.query<StoredNote>("SELECT to_seq AS seq, note FROM audit_removal ORDER BY to_seq");
  return result.rows;
}

export async function newestRemoval(db: Queryable): Promise<StoredNote | undefined> {
  const result = await db.query<StoredNote>(
    "SELECT to_seq AS seq, note FROM audit_removal ORDER BY to_seq DESC LIMIT 1",
  );
  return result.rows[0];
}
