/**
 * P-SCAN-1: `openclaw security scan` from the start of the process to its end, and the scan by itself, on a home with a database. Medians of
 * five rounds. Prints one JSON line per figure.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { median } from "./support/statistics.ts";
import { startMigratedCluster } from "../tests/support/cluster.ts";
import { openTestKeyring } from "../tests/support/keyring.ts";
import { connectionsFile } from "#server/core/db/connections.ts";
import { ensureHome, homePaths } from "#server/core/paths.ts";
import { ScanReport } from "#server/scan/schema.ts";

const ROUNDS = 5;
const run = promisify(execFile);

const database = await startMigratedCluster({ durable: true });
const paths = homePaths(mkdtempSync(join(tmpdir(), "openclaw-scan-bench-")));
ensureHome(paths);
await openTestKeyring(paths.keysDir);
writeFileSync(
  connectionsFile(paths),
  JSON.stringify({
    ownerUrl: database.ownerUrl,
    appUrl: database.url("app"),
    workerUrl: database.url("worker"),
    sealerUrl: database.url("sealer"),
  }),
  { mode: 0o600 },
);
const command = join(import.meta.dirname, "../openclaw");
const env = { ...process.env, OPENCLAW_HOME: paths.home };

async function once(): Promise<{ wallMs: number; scanMs: number; checks: number }> {
  const begun = performance.now();
  const { stdout } = await run(command, ["security", "scan", "--json", "--fail-on", "none", "--no-store"], {
    env,
    maxBuffer: 64 * 1024 * 1024,
  });
  const wallMs = performance.now() - begun;
  const { durationMs, checksRun } = ScanReport.pick({ durationMs: true, checksRun: true }).parse(JSON.parse(stdout));
  return { wallMs, scanMs: durationMs, checks: checksRun };
}

try {
  await once();
  const rounds: Awaited<ReturnType<typeof once>>[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    rounds.push(await once());
  }
  const of = (name: "wallMs" | "scanMs"): number => Math.round(median(rounds.map((one) => one[name])));
  console.log(
    JSON.stringify({ figure: "P-SCAN-1 command", medianMs: of("wallMs"), rounds: ROUNDS, checks: rounds[0]?.checks }),
  );
  console.log(JSON.stringify({ figure: "P-SCAN-1 scan alone", medianMs: of("scanMs"), rounds: ROUNDS }));
} finally {
  await database.stop();
  rmSync(paths.home, { recursive: true, force: true });
}
