/**
 * P-AUD-4: P-GW-1 with the record durable before each reply, chained, signed and encrypted by a sealer at work, against the same gateway with
 * `logging.audit.enabled: false` and no sealer; loaded in turns, medians of the rounds. Prints one JSON line.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { helpRequest, makeHome, startGateway } from "./support/gateway.ts";
import { measure, stop } from "./support/load.ts";
import { median } from "./support/statistics.ts";
import { mintToken } from "../tests/support/mint-token.ts";
import { startMigratedCluster, type MigratedCluster } from "../tests/support/cluster.ts";
import { childEnvironment } from "#server/core/env.ts";
import type { HomePaths } from "#server/core/paths.ts";

const ROUNDS = 5;
const SECONDS = 5;
const CONNECTIONS = 16;

async function main(): Promise<void> {
  const recorded = await open("{}");
  const silent = await open("{ audit: { enabled: false } }");
  const sealer = await startSealerOf(recorded.home, recorded.database);
  try {
    const ratios: number[] = [];
    for (const { load } of [recorded, silent]) {
      await load(2);
    }
    for (let round = 0; round < ROUNDS; round += 1) {
      const without = await silent.load(SECONDS);
      ratios.push((await recorded.load(SECONDS)) / without);
    }
    const ratio = Number(median(ratios).toFixed(3));
    console.log(
      JSON.stringify({
        id: "P-AUD-4",
        figure: "requests/s, record on vs off",
        ratio,
        goal: 0.8,
        floor: 0.6,
        rounds: ROUNDS,
      }),
    );
  } finally {
    await stop(sealer);
    await Promise.all([recorded.close(), silent.close()]);
  }
}

/** A gateway with a database of its own. */
async function open(logging: string) {
  const database = await startMigratedCluster({ durable: true });
  const home = makeHome("{}", logging);
  const { child, port } = await startGateway(home, database);
  const request = helpRequest(await mintToken(home, database));
  return {
    home,
    database,
    load: async (seconds: number): Promise<number> => {
      const url = `http://127.0.0.1:${port}/api/v1/messages`;
      return (await measure(url, { ...request, seconds, connections: CONNECTIONS })).requestsPerSecond;
    },
    async close() {
      await stop(child);
      await database.stop();
      rmSync(home.home, { recursive: true, force: true });
    },
  };
}

async function startSealerOf(home: HomePaths, database: MigratedCluster) {
  const env = childEnvironment({
    OPENCLAW_HOME: home.home,
    OPENCLAW_DATABASE_URL: database.url("sealer"),
    OPENCLAW_LOG_LEVEL: "error",
  });
  const sealer = fork("server/audit/sealer-main.ts", [], { env });
  await once(sealer, "message");
  return sealer;
}

await main();
