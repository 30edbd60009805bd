/** When people were last heard of: one look at the end of an index for each. */
import type { Pool } from "pg";

export interface LastHeard {
  id: string;
  at: Date;
  event: string;
}

/** Sealed events only. A question to the policy is about somebody, not by them, and does not count. */
export async function lastHeardOf(pool: Pool, userIds: readonly string[]): Promise<LastHeard[]> {
  const { rows } = await pool.query<LastHeard>(
    `SELECT wanted.id, last.at, last.event FROM unnest($1::text[]) AS wanted (id)
     CROSS JOIN LATERAL (SELECT at, event FROM audit_event
       WHERE user_id = wanted.id AND event <> 'policy.explained' ORDER BY seq DESC LIMIT 1) AS last`,
    [userIds],
  );
  return rows;
}
