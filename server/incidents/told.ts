/** Who has heard a lock's message on a platform. */
import type { Pool } from "pg";

/** @returns true the first time for this sender and lock, on whatever server */
export async function tellOnce(pool: Pool, lockId: string, channel: string, senderId: string): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: "incident-told",
    text: "INSERT INTO incident_told (lock_id, channel, sender_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    values: [lockId, channel, senderId],
  });
  return rowCount === 1;
}
