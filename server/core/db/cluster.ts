/**
 * The embedded PostgreSQL server: made on first use, started, watched and stopped.
 * It runs in its own process group, so that Ctrl-C in a terminal reaches the supervisor first and the database last.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { chownSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import { withClient } from "#server/core/db/with-client.ts";
import { AppError, messageOf } from "#server/core/errors.ts";
import { prepareBinaries } from "#server/core/db/embedded-binaries.ts";
import type { ClusterLayout } from "#server/core/db/embedded-layout.ts";
import { HOST_RULES, serverSettings, settingArguments } from "#server/core/db/embedded-settings.ts";
import { stopSurvivor } from "#server/core/db/embedded-survivor.ts";

export const OWNER_ROLE = "openclaw_owner";
export const DATABASE_NAME = "openclaw";

export interface ClusterOptions {
  layout: ClusterLayout;
  /** Of the superuser; letters and digits. */
  ownerPassword: string;
  /** Receives the server's log. */
  onLog?: (chunk: Buffer) => void;
  /** False only for throw-away test databases. Default true. */
  durable?: boolean;
}

export interface Cluster {
  readonly pid: number;
  /** Resolves when the server process is gone, for whatever reason. */
  readonly exited: Promise<unknown>;
  ownerUrl(database?: string): string;
  /** Ends all sessions and stops cleanly; kills after 30 s. */
  stop(): Promise<void>;
}

interface RunOptions {
  layout: ClusterLayout;
  onLog: (chunk: Buffer) => void;
}

const READY_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 30_000;
const POLL_MS = 25;
/** A server killed a moment ago leaves shared memory in use until its children noticed: try again for a while. */
const START_ATTEMPTS = 5;
const KEPT_LOG_BYTES = 4_000;

/** Connection string through the server's socket, as libpq and pg read it. `password` is letters and digits. */
export function socketUrl(layout: ClusterLayout, role: string, password: string, database: string): string {
  return `postgresql://${role}:${password}@localhost/${database}?host=${encodeURIComponent(layout.socketDir)}`;
}

/**
 * Starts the server, after making the data folder when it is missing and ending a server left over from an earlier start.
 * The caller holds the lock on the home, so nobody else does this at the same time.
 * @throws AppError("STORE_UNAVAILABLE") with the last lines of the server's log.
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { layout } = options;
  const binaries = prepareBinaries(layout.binariesCopyDir);
  const run = { layout, onLog: options.onLog ?? (() => undefined) };
  await stopSurvivor(layout.dataDir);
  if (!existsSync(join(layout.dataDir, "PG_VERSION"))) {
    await makeDataDir(binaries, run, options.ownerPassword);
  }
  const ownerUrl = (database = DATABASE_NAME): string => socketUrl(layout, OWNER_ROLE, options.ownerPassword, database);
  const server = await startServer(binaries, run, options.durable ?? true, ownerUrl("postgres"));
  await ensureDatabase(ownerUrl("postgres"));
  return { pid: server.pid, exited: server.exited, ownerUrl, stop: () => stopServer(server) };
}

interface RunningServer {
  pid: number;
  process: ChildProcess;
  exited: Promise<unknown>;
}

async function startServer(binaries: string, run: RunOptions, durable: boolean, url: string): Promise<RunningServer> {
  const settings = serverSettings({ socketDir: run.layout.socketDir, durable });
  for (let attempt = 1; ; attempt += 1) {
    const log = keepTail(run.onLog);
    const child = spawnAs(
      run.layout,
      join(binaries, "bin", "postgres"),
      ["-D", run.layout.dataDir, ...settingArguments(settings)],
      log.add,
    );
    const outcome = await untilReady(child, url).catch(async (error: unknown) => {
      await endNow(child);
      throw error;
    });
    if (outcome === "ready" && child.process.pid !== undefined) {
      return { pid: child.process.pid, process: child.process, exited: child.exited };
    }
    await endNow(child);
    if (attempt === START_ATTEMPTS || outcome !== "ended") {
      throw new AppError("STORE_UNAVAILABLE", `PostgreSQL did not start on ${run.layout.dataDir}:\n${log.text()}`);
    }
    await delay(200 * attempt);
  }
}

async function endNow(child: SpawnedProcess): Promise<void> {
  child.process.kill("SIGQUIT");
  await child.exited;
}

/** Polls with real connections: only an answered query proves that recovery is over. */
async function untilReady(child: SpawnedProcess, url: string): Promise<"ready" | "ended" | "late"> {
  let ended = false;
  void child.exited.then(() => (ended = true));
  const end = Date.now() + READY_DEADLINE_MS;
  while (Date.now() < end) {
    if (ended) {
      return "ended";
    }
    const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
    client.on("error", () => undefined);
    try {
      await client.connect();
      await client.query("SELECT 1");
      return "ready";
    } catch (error) {
      refuseWrongPassword(error);
    } finally {
      await client.end().catch(() => undefined);
    }
    await delay(POLL_MS);
  }
  return "late";
}

function refuseWrongPassword(error: unknown): void {
  if (typeof error === "object" && error !== null && "code" in error && error.code === "28P01") {
    throw new AppError(
      "STORE_UNAVAILABLE",
      "The embedded database does not accept the password in keys/database-owner.key. Restore that file from a backup; the data itself is unharmed.",
      { cause: error },
    );
  }
}

async function ensureDatabase(url: string): Promise<void> {
  await withClient(url, "openclaw:cluster", async (client) => {
    const { rowCount } = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [DATABASE_NAME]);
    if (rowCount === 0) {
      await client.query(`CREATE DATABASE ${DATABASE_NAME}`);
    }
  });
}

async function stopServer(server: RunningServer): Promise<void> {
  server.process.kill("SIGINT");
  const late = delay(STOP_DEADLINE_MS, "late", { ref: false });
  if ((await Promise.race([server.exited, late])) === "late") {
    server.process.kill("SIGQUIT");
    await server.exited;
  }
}

/** initdb into a folder of another name, renamed when complete: an interrupted set-up leaves nothing that looks finished. */
async function makeDataDir(binaries: string, run: RunOptions, ownerPassword: string): Promise<void> {
  const { layout } = run;
  const unfinished = `${layout.dataDir}.new`;
  const passwordFile = join(layout.socketDir, "initial-password");
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  writeFileSync(passwordFile, ownerPassword, { mode: 0o600 });
  try {
    if (layout.account !== undefined) {
      chownSync(unfinished, layout.account.uid, layout.account.gid);
      chownSync(passwordFile, layout.account.uid, layout.account.gid);
    }
    const log = keepTail(run.onLog);
    const child = spawnAs(
      layout,
      join(binaries, "bin", "initdb"),
      [
        ...["-D", unfinished, "-U", OWNER_ROLE, `--pwfile=${passwordFile}`, "--auth=scram-sha-256"],
        ...[
          "--encoding=UTF8",
          "--locale-provider=builtin",
          "--builtin-locale=C.UTF-8",
          "--locale=C",
          "--data-checksums",
        ],
      ],
      log.add,
    );
    if ((await child.exited) !== 0) {
      throw new AppError("STORE_UNAVAILABLE", `PostgreSQL could not set up ${layout.dataDir}:\n${log.text()}`);
    }
    writeFileSync(join(unfinished, "pg_hba.conf"), HOST_RULES);
    // Takes the place of an empty folder only: a data folder that lost a file is not ours to overwrite.
    renameSync(unfinished, layout.dataDir);
  } finally {
    rmSync(passwordFile, { force: true });
    rmSync(unfinished, { recursive: true, force: true });
  }
}

interface SpawnedProcess {
  process: ChildProcess;
  /** Resolves with the exit code (null = by signal or never started). */
  exited: Promise<number | null>;
}

function spawnAs(layout: ClusterLayout, file: string, args: string[], onLog: (chunk: Buffer) => void): SpawnedProcess {
  const child = spawn(file, args, {
    cwd: "/",
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    // The server needs nothing of our environment, which may hold secrets.
    env: { NODE_ENV: "production", LC_ALL: "C", TZ: "UTC" },
    ...(layout.account ?? {}),
  });
  child.stdout.on("data", onLog);
  child.stderr.on("data", onLog);
  const exited = new Promise<number | null>((resolve) => {
    child.once("error", (error) => {
      onLog(Buffer.from(`${messageOf(error)}\n`));
      resolve(null);
    });
    child.once("close", (code) => resolve(code));
  });
  return { process: child, exited };
}

function keepTail(next: (chunk: Buffer) => void): { add: (chunk: Buffer) => void; text: () => string } {
  let tail = "";
  return {
    add(chunk) {
      tail = (tail + chunk.toString()).slice(-KEPT_LOG_BYTES);
      next(chunk);
    },
    text: () => tellingLines(tail),
  };
}

/** What PostgreSQL gives as the reason, else the end of what it said. */
function tellingLines(text: string): string {
  const lines = text.trim().split("\n");
  const reasons = lines.filter((line) => /FATAL:|PANIC:|HINT:|error:/.test(line));
  return (reasons.length > 0 ? reasons : lines).slice(-6).join("\n");
}
