/** Deliveries are forgotten after a while, with their replies; their record stays. */
import type { Pool } from "pg";

/** Also how long a repeat is recognised. */
const KEPT_DAYS = 30;
/** What was sent longer ago might repeat something forgotten: where a platform signs no time, that is all there is (milliseconds). */
export const OLDEST_MS = (KEPT_DAYS - 1) * 24 * 60 * 60_000;
const BATCH = 1_000;

/** @returns how many were removed. */
export async function forgetOldDeliveries(pool: Pool, isStopped: () => boolean): Promise<number> {
  let removed = 0;
  for (;;) {
    const { rowCount } = await pool.query(
      `DELETE FROM channel_delivery WHERE id IN (
         SELECT id FROM channel_delivery
          WHERE state IN ('answered', 'refused', 'ignored', 'failed') AND accepted_at < now() - $1::int * interval '1 day'
          ORDER BY accepted_at LIMIT $2 FOR UPDATE SKIP LOCKED)`,
      [KEPT_DAYS, BATCH],
    );
    removed += rowCount ?? 0;
    if ((rowCount ?? 0) < BATCH || isStopped()) {
      return removed;
    }
  }
}
