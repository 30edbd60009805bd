/**
 * The audit record on its own, on a durable PostgreSQL of this run: `append` by 16 callers with two events each, as the gateway's hot path
 * does it, `seal` of what they left by the real sealer process, and `verify` of the whole chain. Prints one JSON line per figure.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startMigratedCluster } from "../tests/support/cluster.ts";
import { countWaiting } from "#server/audit/intake.ts";
import { createAuditWriter, type AuditWriter } from "#server/audit/writer.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { recordFile } from "#server/audit/record-file.ts";
import { verifyRecord } from "#server/audit/proof/verify-record.ts";
import { openKeyring } from "#server/core/crypto/keyring/index.ts";
import { createPool } from "#server/core/db/pool.ts";
import { childEnvironment } from "#server/core/env.ts";
import { createLogger } from "#server/core/log.ts";
import { ensureHome, homePaths, type HomePaths } from "#server/core/paths.ts";

const CALLERS = 16;
const EVENTS_PER_APPEND = 2;
const WARM_UP_SECONDS = 2;
const SECONDS = 10;
const POLL_MS = 20;

async function main(): Promise<void> {
  const database = await startMigratedCluster({ durable: true });
  const home = homePaths(mkdtempSync(join(tmpdir(), "openclaw-bench-")));
  ensureHome(home);
  const app = createPool({ connectionString: database.url("app"), name: "bench", max: 2 });
  try {
    const writer = createAuditWriter({ pool: app, log: createLogger("bench", "error") });
    await appendFor(writer, WARM_UP_SECONDS);
    const append = await appendFor(writer, SECONDS);
    await writer.close();
    print("append", { ...append, callers: CALLERS, eventsPerAppend: EVENTS_PER_APPEND });

    const sealMs = await timed(() => sealAll(database.url("sealer"), home, () => countWaiting(app)));
    let rows = 0;
    const verifyMs = await timed(async () => {
      const options = {
        db: app,
        keysDir: home.keysDir,
        mirrorFile: recordFile(home),
        keyring: await openKeyring(home, {}),
      };
      const verdict = await verifyRecord(options);
      if (!verdict.sound) {
        throw new Error(`the chain does not verify at row ${verdict.seq}; the figures would mean nothing`);
      }
      rows = verdict.head.seq;
    });
    print("seal", { eventsPerSecond: Math.round((rows / sealMs) * 1000), events: rows });
    print("verify", { eventsPerSecond: Math.round((rows / verifyMs) * 1000), events: rows });
  } finally {
    await app.end();
    await database.stop();
    rmSync(home.home, { recursive: true, force: true });
  }
}

async function appendFor(writer: AuditWriter, seconds: number) {
  const end = performance.now() + seconds * 1000;
  const latencies: number[] = [];
  const caller = async (n: number): Promise<void> => {
    while (performance.now() < end) {
      const started = performance.now();
      await writer.append(eventsOf(n));
      latencies.push(performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, (_, n) => caller(n)));
  latencies.sort((a, b) => a - b);
  const percentile = (part: number): number =>
    Number((latencies[Math.floor(latencies.length * part)] ?? NaN).toFixed(2));
  return { appendsPerSecond: Math.round(latencies.length / seconds), p50Ms: percentile(0.5), p99Ms: percentile(0.99) };
}

/** What the gateway records of one message. */
function eventsOf(n: number): AuditEventInput[] {
  const received = {
    event: "message.received",
    outcome: "ok",
    actor: { type: "token", id: "abcdefghijkl" },
    tokenId: "abcdefghijkl",
    userId: `user${n}`,
    channel: "api",
    address: "127.0.0.1",
    requestId: `req_0123456789abcdefgh${n}`,
    reason: "allowed",
    because: "roles.admin",
    data: { command: "help" },
  } as const satisfies AuditEventInput;
  return [received, { ...received, event: "message.replied", data: { command: "help", characters: 200 } }];
}

/** From the start of the sealer's process until nothing waits any more. */
async function sealAll(connectionString: string, home: HomePaths, waiting: () => Promise<number>): Promise<void> {
  const env = childEnvironment({
    OPENCLAW_HOME: home.home,
    OPENCLAW_DATABASE_URL: connectionString,
    OPENCLAW_LOG_LEVEL: "error",
  });
  const sealer = fork("server/audit/sealer-main.ts", [], { env });
  await once(sealer, "message");
  while ((await waiting()) > 0) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  sealer.kill("SIGTERM");
  await once(sealer, "exit");
}

async function timed(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

function print(id: string, figure: object): void {
  console.log(JSON.stringify({ id: `audit ${id}`, ...figure }));
}

await main();
