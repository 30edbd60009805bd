/** A gateway to measure: its home with limits that never bite, its process, a token of its database. */
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { start } from "./load.ts";
import type { MigratedCluster } from "../../tests/support/cluster.ts";
import { readPolicy, unlimitedGrantor } from "#server/access/index.ts";
import { systemClock } from "#server/core/clock.ts";
import { createDb } from "#server/core/db/client.ts";
import { createPool } from "#server/core/db/pool.ts";
import { childEnvironment } from "#server/core/env.ts";
import { ensureHome, homePaths, type HomePaths } from "#server/core/paths.ts";
import { createToken, loadPepper } from "#server/tokens/index.ts";

const LIMIT = "{ windowMs: 900000, maxRequests: 100000000 }";

/** @param gateway text of the configuration's `gateway` section. */
export function makeHome(gateway = "{}"): HomePaths {
  const home = homePaths(mkdtempSync(join(tmpdir(), "openclaw-bench-")));
  ensureHome(home);
  const limits = `rateLimit: { global: ${LIMIT}, perUser: ${LIMIT}, perChannel: ${LIMIT} }`;
  writeFileSync(home.configFile, `{ gateway: ${gateway}, security: { ${limits} } }`, { mode: 0o600 });
  return home;
}

/** The web process without its console, on a free port. */
export function startGateway(
  home: HomePaths,
  database: MigratedCluster,
  redisUrl?: string,
): Promise<{ child: ChildProcess; port: number }> {
  const env = childEnvironment({
    OPENCLAW_HOME: home.home,
    OPENCLAW_PORT: "0",
    OPENCLAW_DATABASE_URL: database.url("app"),
    OPENCLAW_LOG_LEVEL: "error",
    REDIS_URL: redisUrl,
  });
  return start("server/main.ts", ["--without-console"], env);
}

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

/** A request that goes the whole way and starts no container. */
export const helpRequest = (token: string) => ({
  headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
  body: JSON.stringify({ channel: "api", user: "bench", text: "/help" }),
});
