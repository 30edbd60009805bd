/**
 * P-GW-1: `POST /api/v1/messages` with `/help` (token, policy, limits and durable audit all on) against a bare Hono JSON handler,
 * both as separate processes on this machine, loaded in turns, medians of the rounds. Prints one JSON line per figure.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { measure, start, stop, type Figure } from "./support/load.ts";
import { median } from "./support/statistics.ts";
import { startMigratedCluster } from "../tests/support/cluster.ts";
import { readPolicy, unlimitedGrantor } from "#server/access/index.ts";
import { systemClock } from "#server/core/clock.ts";
import { createDb } from "#server/core/db/client.ts";
import { createPool } from "#server/core/db/pool.ts";
import { childEnvironment } from "#server/core/env.ts";
import { ensureHome, homePaths } from "#server/core/paths.ts";
import { createToken, loadPepper } from "#server/tokens/index.ts";

const ROUNDS = 5;
const SECONDS = 5;
const CONNECTIONS = 16;

async function main(): Promise<void> {
  const database = await startMigratedCluster({ durable: true });
  const home = homePaths(mkdtempSync(join(tmpdir(), "openclaw-bench-")));
  ensureHome(home);
  const limit = "{ windowMs: 900000, maxRequests: 100000000 }";
  writeFileSync(
    home.configFile,
    `{ security: { rateLimit: { global: ${limit}, perUser: ${limit}, perChannel: ${limit} } } }`,
    { mode: 0o600 },
  );
  const env = childEnvironment({
    OPENCLAW_HOME: home.home,
    OPENCLAW_PORT: "0",
    OPENCLAW_DATABASE_URL: database.url("app"),
    OPENCLAW_LOG_LEVEL: "error",
  });
  const gateway = await start("server/main.ts", ["--without-console"], env);
  const bare = await start("bench/support/bare-hono.ts", [], env);
  const token = await mintToken(database.url("app"), home);
  const body = JSON.stringify({ channel: "api", user: "bench", text: "/help" });
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  const load = (port: number, path: string, seconds: number) =>
    measure(`http://127.0.0.1:${port}${path}`, { headers, body, seconds, connections: CONNECTIONS });

  try {
    await load(gateway.port, "/api/v1/messages", 2);
    await load(bare.port, "/", 2);
    const rounds: { gateway: Figure; bare: Figure }[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      rounds.push({
        bare: await load(bare.port, "/", SECONDS),
        gateway: await load(gateway.port, "/api/v1/messages", SECONDS),
      });
    }
    const of = (pick: (round: { gateway: Figure; bare: Figure }) => number): number =>
      Number(median(rounds.map(pick)).toFixed(3));
    const figures = [
      {
        id: "P-GW-1",
        figure: "requests/s vs bare Hono",
        ratio: of((r) => r.gateway.requestsPerSecond / r.bare.requestsPerSecond),
        goal: 0.7,
        floor: 0.4,
      },
      {
        id: "P-GW-1",
        figure: "gateway",
        requestsPerSecond: of((r) => r.gateway.requestsPerSecond),
        p50Ms: of((r) => r.gateway.p50Ms),
        p99Ms: of((r) => r.gateway.p99Ms),
      },
      {
        id: "P-GW-1",
        figure: "bare Hono",
        requestsPerSecond: of((r) => r.bare.requestsPerSecond),
        p50Ms: of((r) => r.bare.p50Ms),
        p99Ms: of((r) => r.bare.p99Ms),
      },
    ];
    for (const figure of figures) {
      console.log(JSON.stringify({ ...figure, connections: CONNECTIONS, rounds: ROUNDS }));
    }
  } finally {
    await Promise.all([stop(gateway.child), stop(bare.child)]);
    await database.stop();
    rmSync(home.home, { recursive: true, force: true });
  }
}

async function mintToken(connectionString: string, home: ReturnType<typeof homePaths>): Promise<string> {
  const pool = createPool({ connectionString, name: "bench", max: 1 });
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

await main();
