/**
 * P-UI-2 and the endless table: from the last key of signing in to an overview that can be used, and frames while 100,000 events of the
 * record scroll by, in a real Chromium against the production build. Prints one JSON line per figure.
 */
import { fork } from "node:child_process";
import { rmSync } from "node:fs";
import { Client } from "pg";
import { fillAuditEvents } from "./support/audit-rows.ts";
import { makeHome } from "./support/gateway.ts";
import { start, stop } from "./support/load.ts";
import { startMigratedCluster } from "../tests/support/cluster.ts";
import { writeFileAtomic } from "#server/core/atomic-write.ts";
import { connectionsFile } from "#server/core/db/connections.ts";
import { childEnvironment } from "#server/core/env.ts";

const ROWS = 100_000;

async function main(): Promise<void> {
  const database = await startMigratedCluster({ durable: true });
  const home = makeHome();
  try {
    const owner = new Client({ connectionString: database.ownerUrl });
    await owner.connect();
    await fillAuditEvents(owner, ROWS);
    await owner.end();
    // What the supervisor would leave for the command line, which makes the members.
    const urls = { ownerUrl: database.ownerUrl, appUrl: database.url("app") };
    const connections = { ...urls, workerUrl: database.url("worker"), sealerUrl: database.url("sealer") };
    writeFileAtomic(connectionsFile(home), JSON.stringify(connections), 0o600);
    const server = await start(
      "server/main.ts",
      [],
      childEnvironment({
        OPENCLAW_HOME: home.home,
        OPENCLAW_PORT: "0",
        OPENCLAW_DATABASE_URL: urls.appUrl,
        OPENCLAW_LOG_LEVEL: "error",
        NODE_ENV: "production",
      }),
    );
    try {
      const env = childEnvironment({ E2E_HOME: home.home, E2E_PORT: String(server.port) });
      const measuring = fork("bench/console/measure.ts", [String(ROWS)], { env });
      const code = await new Promise((resolve) => measuring.once("exit", resolve));
      process.exitCode = code === 0 ? 0 : 1;
    } finally {
      await stop(server.child);
    }
  } finally {
    await database.stop();
    rmSync(home.home, { recursive: true, force: true });
  }
}

await main();
