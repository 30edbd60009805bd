/** A transaction on a connection of the pool, for the few statements that are too frequent for Prisma. */
import type { Pool, PoolClient } from "pg";

/** Commits what `work` did, or takes all of it back and rethrows. */
export async function inTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  // The pool listens to idle connections only: one that is lost here would end the process.
  const onLost = (error: Error): void => void (broken = error);
  client.on("error", onLost);
  try {
    await client.query("BEGIN");
    const result = await work(client);
    await client.query("COMMIT");
    return result;
  } catch (error) {
    // A connection that cannot even roll back is thrown away.
    await client.query("ROLLBACK").catch((failure: unknown) => {
      broken = failure instanceof Error ? failure : new Error("the connection is lost");
    });
    throw error;
  } finally {
    client.off("error", onLost);
    client.release(broken);
  }
}
