/** A short-lived connection to the gateway's database for one command. */
import type { CliContext } from "./context.ts";
import { createDb, type Db } from "#server/core/db/client.ts";
import { readConnections } from "#server/core/db/connections.ts";
import { createPool } from "#server/core/db/pool.ts";
import { AppError, hasErrorCode } from "#server/core/errors.ts";
import type { Pool } from "pg";

/** Connects with the rights of the web process, which are all a command needs. @throws AppError STORE_UNAVAILABLE when nothing listens. */
export async function withDatabase<T>(context: CliContext, work: (db: Db, pool: Pool) => Promise<T>): Promise<T> {
  const pool = createPool({ connectionString: readConnections(context.paths).appUrl, name: "cli", max: 2 });
  const db = createDb(pool);
  try {
    await pool.query("SELECT 1").catch((error: unknown) => {
      if (hasErrorCode(error, "ECONNREFUSED") || hasErrorCode(error, "ENOENT")) {
        throw new AppError(
          "STORE_UNAVAILABLE",
          `The gateway of ${context.paths.home} is not running. Start it with: npm start`,
          { cause: error },
        );
      }
      throw error;
    });
    return await work(db, pool);
  } finally {
    await db.$disconnect();
    await pool.end();
  }
}
