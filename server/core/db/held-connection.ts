/** Connections of a pool that are held for longer than a statement. */
import type { Pool, PoolClient } from "pg";

/**
 * Lends a connection to `work`.
 * @param work may call `discard`: for a connection that is left in the middle of something, which must not meet its next user.
 */
export async function withConnection<T>(
  pool: Pool,
  work: (client: PoolClient, discard: () => void) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  let isBroken = false;
  const discard = (): void => void (isBroken = true);
  // The pool listens to idle connections only: one that is lost here would end the process.
  client.on("error", discard);
  try {
    return await work(client, discard);
  } finally {
    client.off("error", discard);
    client.release(isBroken);
  }
}

/**
 * Works while it holds an advisory lock, which ends with its connection.
 * @returns null, and has done nothing, while another session holds it.
 */
export function whileLocked<T>(
  pool: Pool,
  key: number | string,
  work: (client: PoolClient) => Promise<T>,
): Promise<T | null> {
  const name = typeof key === "number" ? "$1" : "hashtextextended($1, 0)";
  return withConnection(pool, async (client, discard) => {
    const { rows } = await client.query<{ held: boolean }>(`SELECT pg_try_advisory_lock(${name}) AS held`, [key]);
    if (rows[0]?.held !== true) {
      return null;
    }
    try {
      return await work(client);
    } finally {
      // Else the lock would lie in the pool. It goes with the connection.
      await client.query(`SELECT pg_advisory_unlock(${name})`, [key]).catch(discard);
    }
  });
}
