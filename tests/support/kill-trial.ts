/**
 * kill -9 at random moments under load: server, sealer and database end without notice and are started again, while callers go on calling.
 * After each kill: is everything that was answered on record, and does the chain verify?
 */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import { RECORDED } from "./audit.ts";
import { startMigratedCluster } from "./cluster.ts";
import { freePort } from "./free-port.ts";
import { mintToken } from "./mint-token.ts";
import { recordFile, verifyRecord } from "#server/audit/index.ts";
import { openKeyring } from "#server/core/crypto/keyring/index.ts";
import { createPool } from "#server/core/db/pool.ts";
import { childEnvironment } from "#server/core/env.ts";
import { ensureHome, homePaths } from "#server/core/paths.ts";

type Victim = "server" | "sealer" | "postgres";

export interface KillOutcome {
  victim: Victim;
  /** Milliseconds of load before the kill. */
  afterMs: number;
  /** Answers since the kill before. */
  acknowledged: number;
  /** Answers that are not on record: has to be empty. */
  lost: string[];
  /** "sound", or what is wrong with the chain. */
  verdict: string;
}

export interface KillTrialOptions {
  kills: number;
  /** Longest time between two kills (milliseconds). */
  longestMs: number;
  /** Numbers from 0 up to 1, so that a trial can be repeated. */
  random: () => number;
  onKill?: (outcome: KillOutcome, index: number) => void;
}

const CALLERS = 6;
/** Callers wait this long between two calls, so that the record stays small enough to be verified after each kill. */
const PAUSE_MS = 10;
const READY_WITHIN_MS = 60_000;
const VICTIMS: readonly Victim[] = ["server", "server", "sealer", "sealer", "sealer", "postgres"];

export async function runKillTrial({ kills, longestMs, random, onKill }: KillTrialOptions): Promise<KillOutcome[]> {
  const cluster = await startMigratedCluster({ durable: true });
  const home = homePaths(mkdtempSync(join(tmpdir(), "openclaw-kills-")));
  ensureHome(home);
  writeFileSync(
    home.configFile,
    "{ security: { rateLimit: { enabled: false }, encryption: { database: { iterations: 100000 } } } }",
    { mode: 0o600 },
  );
  const port = await freePort();
  const environment = (role: "app" | "sealer") =>
    childEnvironment({
      OPENCLAW_HOME: home.home,
      OPENCLAW_PORT: String(port),
      OPENCLAW_DATABASE_URL: cluster.url(role),
      OPENCLAW_LOG_LEVEL: "silent",
    });
  const scripts = {
    server: ["server/main.ts", ["--without-console"], "app"],
    sealer: ["server/audit/sealer-main.ts", [], "sealer"],
  } as const;
  const running = new Map<"server" | "sealer", ChildProcess>();
  const token = await mintToken(home, cluster);
  const acknowledged: string[] = [];
  let refused = 0;
  let stopped = false;

  async function startPart(part: "server" | "sealer"): Promise<void> {
    const [script, args, role] = scripts[part];
    const deadline = Date.now() + READY_WITHIN_MS;
    while (Date.now() < deadline) {
      const child = fork(script, [...args], { env: environment(role), stdio: ["ignore", "ignore", "ignore", "ipc"] });
      running.set(part, child);
      const ready = await Promise.race([
        once(child, "message").then(() => true),
        once(child, "exit").then(() => false),
      ]);
      if (ready) {
        return;
      }
    }
    throw new Error(`${part} did not come up again within ${READY_WITHIN_MS} ms`);
  }

  /** As the supervisor does: what ended is started again, whatever ended it. */
  async function ensureRunning(): Promise<void> {
    for (const part of ["sealer", "server"] as const) {
      const child = running.get(part);
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) {
        await startPart(part);
      }
    }
  }

  async function kill(victim: Victim): Promise<void> {
    if (victim === "postgres") {
      await cluster.killAndStartAgain();
      return;
    }
    const child = running.get(victim);
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    }
  }

  async function caller(number: number): Promise<void> {
    for (let call = number; !stopped; call += 1) {
      // One of four is refused: a refusal that was answered has to be on record as well, or counted in one that is.
      const isRefused = call % 4 === 0;
      const id = await send(port, token, isRefused ? "/no-such-command" : "/help");
      if (id !== null && isRefused) {
        refused += 1;
      } else if (id !== null) {
        acknowledged.push(id);
      }
      await delay(PAUSE_MS);
    }
  }

  const outcomes: KillOutcome[] = [];
  try {
    await ensureRunning();
    const callers = Promise.all(Array.from({ length: CALLERS }, (_, number) => caller(number)));
    for (let index = 0; index < kills; index += 1) {
      const victim = VICTIMS[Math.floor(random() * VICTIMS.length)] ?? "sealer";
      const afterMs = Math.round(random() * longestMs);
      const from = acknowledged.length;
      await delay(afterMs);
      await kill(victim);
      await ensureRunning();
      const answered = acknowledged.slice(from);
      const lost = await notOnRecord(cluster.ownerUrl, answered, refused);
      const verdict = await verdictOf(cluster.url("app"), home);
      const outcome = { victim, afterMs, acknowledged: answered.length, lost, verdict };
      outcomes.push(outcome);
      onKill?.(outcome, index);
    }
    stopped = true;
    await callers;
    const lost = await notOnRecord(cluster.ownerUrl, acknowledged, refused);
    outcomes.push({
      victim: "server",
      afterMs: 0,
      acknowledged: acknowledged.length,
      lost,
      verdict: await verdictOf(cluster.url("app"), home),
    });
  } finally {
    stopped = true;
    for (const child of running.values()) {
      child.kill("SIGKILL");
    }
    await cluster.stop();
    rmSync(home.home, { recursive: true, force: true });
  }
  return outcomes;
}

/** The request's id once it was answered with anything but a failure of the gateway; else null. */
async function send(port: number, token: string, text: string): Promise<string | null> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/messages`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ channel: "api", text }),
    });
    await response.arrayBuffer();
    return response.status < 500 ? response.headers.get("x-request-id") : null;
  } catch {
    return null;
  }
}

/** Request ids without a record, and in words how many refusals no record counts. @param refused refusals that were answered so far */
async function notOnRecord(ownerUrl: string, ids: readonly string[], refused: number): Promise<string[]> {
  const client = new Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ id: string }>(
      `SELECT id FROM unnest($1::text[]) AS id WHERE id NOT IN (SELECT request_id FROM ${RECORDED} AS r WHERE request_id = ANY($1))`,
      [ids],
    );
    const counted = await client.query<{ n: number }>(
      `SELECT coalesce(sum((data ->> 'count')::int), 0)::int AS n FROM ${RECORDED} AS r WHERE event = 'message.refused'`,
    );
    const missing = refused - (counted.rows[0]?.n ?? 0);
    return [...rows.map(({ id }) => id), ...(missing > 0 ? [`${missing} refusals`] : [])];
  } finally {
    await client.end();
  }
}

async function verdictOf(appUrl: string, home: ReturnType<typeof homePaths>): Promise<string> {
  const pool = createPool({ connectionString: appUrl, name: "trial", max: 1 });
  try {
    const keyring = await openKeyring(home, {});
    const verdict = await verifyRecord({ db: pool, keysDir: home.keysDir, mirrorFile: recordFile(home), keyring });
    return verdict.sound ? "sound" : JSON.stringify(verdict);
  } finally {
    await pool.end();
  }
}
