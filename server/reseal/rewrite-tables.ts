/**
 * Writes tables anew, so that their files hold no row that was changed before. PostgreSQL keeps what some transaction could still read, also in
 * a table that is rewritten (its manual on "Routine Vacuuming"; `ComputeXidHorizons` in procarray.c), so nothing that began earlier may be open.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Pool } from "pg";
import { AppError } from "#server/core/errors.ts";
import { SEALED_COLUMNS } from "#server/reseal/columns.ts";

interface RewriteOptions {
  /** Milliseconds that older transactions are given to end. */
  patienceMs: number;
  /** Called once when there are any. @param who for a person */
  onWait: (who: string) => void;
}

const LOOK_EVERY_MS = 100;
const MOST_NAMED = 10;

/** Open transactions that began before the transaction $1, which is over: those of other databases where they write, as snapshots look at all. */
const OLDER_SQL = `
SELECT format('the connection with pid %s', pid) AS who FROM pg_stat_activity
WHERE pid <> pg_backend_pid()
  AND (age(backend_xid) > age($1::xid) OR (datname = current_database() AND age(backend_xmin) > age($1::xid)))
UNION ALL
SELECT format('the prepared transaction %L', gid) FROM pg_prepared_xacts WHERE age(transaction) > age($1::xid)
UNION ALL
SELECT format('the replication slot %I', slot_name) FROM pg_replication_slots WHERE age(xmin) > age($1::xid)`;

/**
 * Rewrites all tables with sealed columns; nobody reads or writes them meanwhile.
 * @param pool as their owner
 * @throws AppError("BUSY") that names an older transaction which does not end.
 */
export async function rewriteTables(pool: Pool, { patienceMs, onWait }: RewriteOptions): Promise<void> {
  // What was changed before belongs to transactions before this one.
  const { rows } = await pool.query<{ id: string }>("SELECT pg_current_xact_id()::xid::text AS id");
  const deadline = performance.now() + patienceMs;
  for (let isTold = false; ;) {
    const older = await pool.query<{ who: string }>(OLDER_SQL, [rows[0]?.id]);
    if (older.rows.length === 0) {
      break;
    }
    const who = older.rows
      .slice(0, MOST_NAMED)
      .map((one) => one.who)
      .join(", ");
    if (performance.now() > deadline) {
      throw new AppError(
        "BUSY",
        `The tables were not written anew. Open since before the values were encrypted, so that their old text would stay: ${who}. End that (SELECT pg_terminate_backend(pid)), then run this again.`,
      );
    }
    if (!isTold) {
      isTold = true;
      onWait(who);
    }
    await delay(LOOK_EVERY_MS);
  }
  await pool.query(`VACUUM (FULL) ${[...new Set(SEALED_COLUMNS.map(({ table }) => table))].join(", ")}`);
}
