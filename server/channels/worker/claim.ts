/** Takes deliveries that wait, for a time: whoever dies with one in hand gives it back by not asking again. */
import type { Pool } from "pg";

/** Told when there is something to work on. */
export const WORK_WAITS = "openclaw_delivery";
/** How long a worker is believed to be alive after it was last heard of (milliseconds). */
export const LEASE_MS = 15_000;

export interface Claimed {
  id: string;
  channel: string;
  event: Uint8Array;
  state: "accepted" | "working" | "replying";
  /** Why the answer is a refusal; null = it is not one. */
  reason: string | null;
  userId: string | null;
  runId: string | null;
  requestId: string;
  acceptedAt: Date;
  /** Times it was taken up, this one included. */
  attempt: number;
}

/**
 * The oldest first, and of one conversation only what has nothing before it. A delivery that waits for its next attempt holds back what
 * follows it there: order is kept. What is said later than its answer (see follow-up.ts) stands outside of that order: a run that was approved
 * holds nothing back while it goes on. Nor does any run, or what waits behind it, hold back other people: in a group nobody silences the bot
 * for everybody by a long one.
 */
const CLAIM_SQL = `
WITH free AS (
  SELECT d.id, d.state AS was FROM channel_delivery d
   WHERE d.state IN ('accepted', 'working', 'replying')
     AND (d.leased_until IS NULL OR d.leased_until < now())
     AND d.channel <> ALL($4::text[])
     AND (d.event_id = d.id OR NOT EXISTS (
       SELECT 1 FROM channel_delivery e
        WHERE e.channel = d.channel AND e.conversation_id = d.conversation_id AND e.id < d.id AND e.event_id <> e.id
          AND e.state IN ('accepted', 'working', 'replying')
          AND (e.sender_id = d.sender_id OR NOT EXISTS (
            SELECT 1 FROM channel_delivery r
             WHERE r.channel = e.channel AND r.conversation_id = e.conversation_id AND r.sender_id = e.sender_id
               AND r.id <= e.id AND r.event_id <> r.id AND r.state = 'working' AND r.run_id IS NOT NULL))))
   ORDER BY d.id LIMIT $1 FOR UPDATE OF d SKIP LOCKED
)
UPDATE channel_delivery t
   SET worker_id = $2, leased_until = now() + $3::int * interval '1 millisecond', attempt = t.attempt + 1,
       state = CASE WHEN t.state = 'accepted' THEN 'working' ELSE t.state END
  FROM free WHERE t.id = free.id
RETURNING t.id, t.channel, t.event, free.was AS state, t.reason, t.user_id AS "userId", t.run_id AS "runId",
          t.request_id AS "requestId", t.accepted_at AS "acceptedAt", t.attempt`;

/** @param without channels of which nothing is taken */
export async function claim(
  pool: Pool,
  workerId: string,
  limit: number,
  without: readonly string[],
): Promise<Claimed[]> {
  const { rows } = await pool.query<Claimed>({
    name: "channel-claim",
    text: CLAIM_SQL,
    values: [limit, workerId, LEASE_MS, without],
  });
  return rows.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Says that this worker still works on what it has in hand. */
export async function renew(pool: Pool, workerId: string, ids: readonly string[]): Promise<void> {
  await pool.query(
    `UPDATE channel_delivery SET leased_until = now() + $3::int * interval '1 millisecond'
      WHERE id = ANY($1) AND worker_id = $2 AND state IN ('working', 'replying')`,
    [ids, workerId, LEASE_MS],
  );
}

/** Gives one back, to be taken up by anybody after `afterMs`. */
export async function release(pool: Pool, workerId: string, id: string, afterMs: number): Promise<void> {
  await pool.query(
    `UPDATE channel_delivery SET worker_id = NULL, leased_until = now() + $3::float8 * interval '1 millisecond'
      WHERE id = $1 AND worker_id = $2 AND state IN ('working', 'replying')`,
    [id, workerId, afterMs],
  );
}
