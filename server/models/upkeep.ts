/** What has to be cleared now and then: leases of processes that died, calls that are older than they are kept, counts of past periods. */
import type { Pool } from "pg";
import type { Logger } from "#server/core/log.ts";
import { expireLeases } from "#server/models/lease-store.ts";

const EVERY_MS = 60_000;
/** Rows in one statement, so that none of them locks for long. */
const BATCH_ROWS = 5_000;

interface ModelUpkeep {
  stop(): Promise<void>;
}

export function startModelUpkeep({
  pool,
  log,
  keepCallsMs,
}: {
  pool: Pool;
  log: Logger;
  keepCallsMs: () => number;
}): ModelUpkeep {
  let working: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    working = clearModels(pool, keepCallsMs()).catch((error: unknown) =>
      log.warn({ err: error }, "old calls of models could not be cleared; it is tried again"),
    );
  }, EVERY_MS);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await working;
    },
  };
}

/** One round. Counts outlive their period by a day, for calls that began in it. */
export async function clearModels(pool: Pool, keepCallsMs: number): Promise<void> {
  await expireLeases(pool);
  await pool.query("DELETE FROM model_budget WHERE ends_at < now() - interval '1 day'");
  await pool.query(
    `DELETE FROM model_reservation AS r WHERE expires_at < now()
     AND NOT EXISTS (SELECT 1 FROM model_budget AS b WHERE b.key = r.key AND b.period_start = r.period_start)`,
  );
  let removed: number;
  do {
    const { rowCount } = await pool.query(
      `DELETE FROM model_call WHERE id IN (
         SELECT id FROM model_call WHERE at < now() - $1::float8 * interval '1 millisecond' ORDER BY at LIMIT ${BATCH_ROWS})`,
      [keepCallsMs],
    );
    removed = rowCount ?? 0;
  } while (removed === BATCH_ROWS);
}
