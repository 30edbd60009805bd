/** A token of a database without its server, for benchmarks and trials. */
import type { MigratedCluster } from "./cluster.ts";
import { readPolicy, unlimitedGrantor } from "#server/access/index.ts";
import { systemClock } from "#server/core/clock.ts";
import { createDb } from "#server/core/db/client.ts";
import { createPool } from "#server/core/db/pool.ts";
import type { HomePaths } from "#server/core/paths.ts";
import { createToken, loadPepper } from "#server/tokens/index.ts";

/** A token with all rights. */
export async function mintToken(home: HomePaths, database: MigratedCluster): Promise<string> {
  const pool = createPool({ connectionString: database.url("app"), name: "bench", max: 1 });
  const db = createDb(pool);
  const policy = await readPolicy(pool, { enabled: true, roles: undefined, users: undefined, channels: undefined });
  const settings = { expiration: 3_600_000, maxTokens: 5, tokenLength: 32 };
  const { token } = await createToken(
    { db, clock: systemClock, pepper: loadPepper(home), settings, policy },
    unlimitedGrantor({ type: "operator", id: "bench" }),
    { name: "bench", role: "admin" },
  );
  await db.$disconnect();
  await pool.end();
  return token;
}
