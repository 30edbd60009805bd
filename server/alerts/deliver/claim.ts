/** Takes notifications that wait, for a time: whoever dies with one in hand gives it back by that. */
import type { Pool } from "pg";

/** How long an attempt may take, and a worker is believed to be at it (milliseconds). */
export const ATTEMPT_MS = 25_000;
const LEASE_MS = ATTEMPT_MS + 10_000;

export interface ClaimedDelivery {
  id: string;
  pointId: string;
  pointName: string;
  kind: "alerts" | "test";
  content: unknown;
  /** This one included. */
  attempt: number;
  settled: string[];
}

/** Of one group and contact point only the oldest, so that an end never overtakes its beginning. @param busy points that have enough in hand */
export async function claimDeliveries(
  pool: Pool,
  workerId: string,
  limit: number,
  busy: readonly string[],
): Promise<ClaimedDelivery[]> {
  const { rows } = await pool.query<ClaimedDelivery>({
    name: "alert-claim",
    text: `WITH free AS (
        SELECT d.id FROM alert_delivery d
         WHERE d.state = 'waiting' AND d.next_attempt_at <= now() AND (d.leased_until IS NULL OR d.leased_until < now())
           AND NOT d.point_id = ANY($4)
           AND NOT EXISTS (SELECT 1 FROM alert_delivery e
                            WHERE e.point_id = d.point_id AND e.group_key = d.group_key AND e.id < d.id AND e.state = 'waiting')
         ORDER BY d.id LIMIT $2 FOR UPDATE OF d SKIP LOCKED)
      UPDATE alert_delivery t SET worker_id = $1, leased_until = now() + $3::int * interval '1 millisecond', attempts = t.attempts + 1
        FROM free WHERE t.id = free.id
      RETURNING t.id, t.point_id AS "pointId", t.point_name AS "pointName", t.kind, t.content, t.attempts AS attempt, t.settled`,
    values: [workerId, limit, LEASE_MS, busy],
  });
  return rows;
}

/** Milliseconds until the next one is due; null = none waits. */
export async function nextDue(pool: Pool): Promise<number | null> {
  const { rows } = await pool.query<{ ms: number | null }>(
    `SELECT (extract(epoch FROM min(greatest(next_attempt_at, coalesce(leased_until, next_attempt_at))) - now()) * 1000)::float8 AS ms
       FROM alert_delivery WHERE state = 'waiting'`,
  );
  return rows[0]?.ms ?? null;
}
