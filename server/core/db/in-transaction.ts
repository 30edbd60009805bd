/** A transaction on a connection of the pool, for the few statements that are too frequent for Prisma. */
import type { Pool, PoolClient } from "pg";
import { withConnection } from "#server/core/db/held-connection.ts";

/** Commits what `work` did, or takes all of it back and rethrows. */
export function inTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  return withConnection(pool, async (client, discard) => {
    try {
      await client.query("BEGIN");
      const result = await work(client);
      await client.query("COMMIT");
      return result;
    } catch (error) {
      // A connection that cannot even roll back is thrown away.
      await client.query("ROLLBACK").catch(discard);
      throw error;
    }
  });
}
