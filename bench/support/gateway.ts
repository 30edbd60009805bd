/** A gateway to measure: its home with limits that never bite, its process, a token of its database. */
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { start } from "./load.ts";
import type { MigratedCluster } from "../../tests/support/cluster.ts";
import { childEnvironment } from "#server/core/env.ts";
import { RUNTIME_FLAGS } from "#server/core/runtime-flags.ts";
import { ensureHome, homePaths, type HomePaths } from "#server/core/paths.ts";

const LIMIT = "{ windowMs: 900000, maxRequests: 100000000 }";

/** @param gateway text of the configuration's `gateway` section, @param logging of its `logging` section. */
export function makeHome(gateway = "{}", logging = "{}"): HomePaths {
  const home = homePaths(mkdtempSync(join(tmpdir(), "openclaw-bench-")));
  ensureHome(home);
  const limits = `rateLimit: { global: ${LIMIT}, perUser: ${LIMIT}, perChannel: ${LIMIT} }`;
  writeFileSync(home.configFile, `{ gateway: ${gateway}, logging: ${logging}, security: { ${limits} } }`, {
    mode: 0o600,
  });
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
  return start("server/main.ts", ["--without-console"], env, RUNTIME_FLAGS);
}

/** A request that goes the whole way and starts no container. */
export const helpRequest = (token: string) => ({
  headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
  body: JSON.stringify({ channel: "api", user: "bench", text: "/help" }),
});
