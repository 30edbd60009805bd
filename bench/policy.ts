/**
 * P-GW-7: the gateway with 100,000 tokens, 10,000 users and 1,000 roles in its database against one with nothing but its own, loaded in
 * turns, medians of the rounds. Prints one JSON line per figure.
 */
import { rmSync } from "node:fs";
import { Client } from "pg";
import { helpRequest, makeHome, startGateway } from "./support/gateway.ts";
import { mintToken } from "../tests/support/mint-token.ts";
import { measure, stop, type Figure } from "./support/load.ts";
import { median } from "./support/statistics.ts";
import { startMigratedCluster, type MigratedCluster } from "../tests/support/cluster.ts";

const ROUNDS = 5;
const SECONDS = 4;
const CONNECTIONS = 16;

const LOAD_SQL = `
INSERT INTO role (name, permissions, channels, commands, updated_at)
  SELECT 'role' || n, ARRAY['read', 'write'], ARRAY['api', 'channel' || n], ARRAY['help', 'ask'], now() FROM generate_series(1, 1000) AS n;
INSERT INTO gateway_user (id, role_name, channels, max_messages, time_window_ms, updated_at)
  SELECT 'user' || n, 'role' || (n % 1000 + 1), ARRAY['api'], 1000000, 3600000, now() FROM generate_series(1, 10000) AS n;
INSERT INTO token (id, name, owner_id, role_name, secret_hash, pepper_id, last4, family_id, scopes, channels, allowed_ips)
  SELECT lpad(to_hex(n), 12, '0'), 'token ' || n, 'owner' || n, 'role' || (n % 1000 + 1), sha256(n::text::bytea), 'none', 'xxxx',
         lpad(to_hex(n), 12, '0'), ARRAY['read'], ARRAY['api'], ARRAY['10.0.0.0/8'] FROM generate_series(1, 100000) AS n;`;

interface Subject {
  database: MigratedCluster;
  load: (seconds: number) => Promise<Figure>;
  stop: () => Promise<void>;
}

async function startSubject(sql?: string): Promise<Subject> {
  const database = await startMigratedCluster({ durable: true });
  if (sql !== undefined) {
    const owner = new Client({ connectionString: database.ownerUrl });
    await owner.connect();
    await owner.query(sql);
    await owner.end();
  }
  const home = makeHome();
  const request = helpRequest(await mintToken(home, database));
  const { child, port } = await startGateway(home, database);
  return {
    database,
    load: (seconds) =>
      measure(`http://127.0.0.1:${port}/api/v1/messages`, { ...request, seconds, connections: CONNECTIONS }),
    async stop() {
      await stop(child);
      await database.stop();
      rmSync(home.home, { recursive: true, force: true });
    },
  };
}

const empty = await startSubject();
const loaded = await startSubject(LOAD_SQL);
try {
  await empty.load(2);
  await loaded.load(2);
  const rounds: { empty: Figure; loaded: Figure }[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    rounds.push({ empty: await empty.load(SECONDS), loaded: await loaded.load(SECONDS) });
  }
  const of = (pick: (round: (typeof rounds)[number]) => number): number => Number(median(rounds.map(pick)).toFixed(3));
  const figures = [
    {
      figure: "requests/s with 100,000 tokens vs empty",
      ratio: of((round) => round.loaded.requestsPerSecond / round.empty.requestsPerSecond),
      goal: 0.95,
      floor: 0.85,
    },
    {
      figure: "loaded",
      requestsPerSecond: of((round) => round.loaded.requestsPerSecond),
      p99Ms: of((round) => round.loaded.p99Ms),
    },
    {
      figure: "empty",
      requestsPerSecond: of((round) => round.empty.requestsPerSecond),
      p99Ms: of((round) => round.empty.p99Ms),
    },
  ];
  for (const figure of figures) {
    console.log(JSON.stringify({ id: "P-GW-7", ...figure, connections: CONNECTIONS, rounds: ROUNDS }));
  }
} finally {
  await Promise.all([empty.stop(), loaded.stop()]);
}
