/**
 * P-GW-1: `POST /api/v1/messages` with `/help` (token, policy, limits and durable audit all on) against a bare Hono JSON handler,
 * both as separate processes on this machine, loaded in turns, medians of the rounds. Prints one JSON line per figure.
 */
import { rmSync } from "node:fs";
import { helpRequest, makeHome, startGateway } from "./support/gateway.ts";
import { mintToken } from "../tests/support/mint-token.ts";
import { measure, start, stop, type Figure } from "./support/load.ts";
import { median } from "./support/statistics.ts";
import { startMigratedCluster } from "../tests/support/cluster.ts";
import { childEnvironment } from "#server/core/env.ts";

const ROUNDS = 5;
const SECONDS = 5;
const CONNECTIONS = 16;

async function main(): Promise<void> {
  const database = await startMigratedCluster({ durable: true });
  const home = makeHome();
  const gateway = await startGateway(home, database);
  const bare = await start("bench/support/bare-hono.ts", [], childEnvironment({}));
  const request = helpRequest(await mintToken(home, database));
  const load = (port: number, path: string, seconds: number) =>
    measure(`http://127.0.0.1:${port}${path}`, { ...request, seconds, connections: CONNECTIONS });

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

await main();
