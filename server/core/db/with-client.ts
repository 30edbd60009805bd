/** A connection of its own, for work outside of any pool. */
import { Client } from "pg";

/** Connects, works and disconnects. @param name shown in pg_stat_activity. */
export async function withClient<T>(
  connectionString: string,
  name: string,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({ connectionString, application_name: name, connectionTimeoutMillis: 10_000 });
  // Without a listener a connection that is lost would end the process; the next query fails with it.
  client.on("error", () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
