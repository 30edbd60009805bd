/**
 * P-GW-9: two gateway processes that share their limits through a real Redis, against one process that counts in its own memory.
 * `POST /api/v1/messages` with `/help`, everything on, the same number of connections in total, loaded in turns, medians of the rounds.
 * Load, servers, PostgreSQL and Redis share this machine: with few cores the figure is bounded by them. Prints one JSON line per figure.
 */
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { helpRequest, makeHome, startGateway } from "./support/gateway.ts";
import { measure, stop, type Figure } from "./support/load.ts";
import { median } from "./support/statistics.ts";
import { startMigratedCluster } from "../tests/support/cluster.ts";
import { startRedis } from "../tests/support/redis.ts";

const ROUNDS = 5;
const SECONDS = 4;
const CONNECTIONS = 16;

async function main(): Promise<void> {
  const database = await startMigratedCluster({ durable: true });
  const redis = await startRedis();
  const token = randomBytes(24).toString("base64url");
  const home = makeHome(`{ token: "${token}" }`);
  const alone = await startGateway(home, database);
  const pair = [await startGateway(home, database, redis.url), await startGateway(home, database, redis.url)];

  const request = helpRequest(token);
  /** Spreads all connections over the servers. */
  const load = async (ports: number[], seconds: number): Promise<Figure> => {
    const options = { ...request, seconds, connections: CONNECTIONS / ports.length };
    const figures = await Promise.all(
      ports.map((port) => measure(`http://127.0.0.1:${port}/api/v1/messages`, options)),
    );
    return {
      requestsPerSecond: figures.reduce((sum, { requestsPerSecond }) => sum + requestsPerSecond, 0),
      p50Ms: Math.max(...figures.map(({ p50Ms }) => p50Ms)),
      p99Ms: Math.max(...figures.map(({ p99Ms }) => p99Ms)),
    };
  };
  const shared = pair.map(({ port }) => port);

  try {
    await load([alone.port], 2);
    await load(shared, 2);
    const rounds: { alone: Figure; shared: Figure; one: Figure }[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      rounds.push({
        alone: await load([alone.port], SECONDS),
        one: await load(shared.slice(0, 1), SECONDS),
        shared: await load(shared, SECONDS),
      });
    }
    const common = { id: "P-GW-9", connections: CONNECTIONS, rounds: ROUNDS, cores: availableParallelism() };
    const of = (pick: (round: (typeof rounds)[number]) => number): number =>
      Number(median(rounds.map(pick)).toFixed(3));
    const ratio = of((round) => round.shared.requestsPerSecond / round.alone.requestsPerSecond);
    print({ ...common, figure: "two with Redis vs one without", ratio, goal: 1.5, floor: 1.2 });
    const names = { alone: "one without Redis", one: "one with Redis", shared: "two with Redis" } as const;
    for (const [key, figure] of Object.entries(names) as [keyof typeof names, string][]) {
      const requestsPerSecond = of((round) => round[key].requestsPerSecond);
      print({
        ...common,
        figure,
        requestsPerSecond,
        p50Ms: of((round) => round[key].p50Ms),
        p99Ms: of((round) => round[key].p99Ms),
      });
    }
  } finally {
    await Promise.all([alone, ...pair].map(({ child }) => stop(child)));
    await redis.stop();
    await database.stop();
    rmSync(home.home, { recursive: true, force: true });
  }
}

function print(figure: object): void {
  console.log(JSON.stringify(figure));
}

await main();
