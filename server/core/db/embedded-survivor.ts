/**
 * Ends a PostgreSQL that outlived its supervisor (kill -9). On Linux its processes are found by their working directory, which is the
 * data folder, and not by the pid file, which may be stale, damaged, or name a process that has nothing to do with us.
 */
import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { AppError, hasErrorCode } from "#server/core/errors.ts";

/** What each try is given, from polite to hard. The hard ones cost a crash recovery at the next start, never data. */
const ESCALATION: readonly { signal: NodeJS.Signals; waitMs: number }[] = [
  { signal: "SIGINT", waitMs: 30_000 },
  { signal: "SIGQUIT", waitMs: 10_000 },
  { signal: "SIGKILL", waitMs: 5_000 },
];
const POLL_MS = 25;

/** Stops every process of a server on `dataDir`, and removes a pid file that PostgreSQL itself could not read. */
export async function stopSurvivor(dataDir: string): Promise<void> {
  if (!existsSync(dataDir)) {
    return;
  }
  for (const { signal, waitMs } of ESCALATION) {
    if (await signalAndWait(dataDir, signal, waitMs)) {
      removeDamagedPidFile(dataDir);
      return;
    }
  }
  const left = findServerProcesses(dataDir).join(", ");
  throw new AppError(
    "STORE_UNAVAILABLE",
    `PostgreSQL from an earlier start does not end (pid ${left}). End it by hand: kill -9 ${left}`,
  );
}

/** Pids of the server on `dataDir`, the postmaster and its children. */
export function findServerProcesses(dataDir: string): number[] {
  if (process.platform !== "linux") {
    const pid = pidFromFile(dataDir);
    return pid !== null && isAlive(pid) ? [pid] : [];
  }
  const folder = realpathSync(dataDir);
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && workingDirectory(pid) === folder);
}

async function signalAndWait(dataDir: string, signal: NodeJS.Signals, waitMs: number): Promise<boolean> {
  // Children of a living postmaster are its business; without one each process must be told by itself.
  const found = findServerProcesses(dataDir);
  const postmaster = pidFromFile(dataDir);
  const targets = postmaster !== null && found.includes(postmaster) ? [postmaster] : found;
  for (const pid of targets) {
    sendSignal(pid, signal);
  }
  const end = Date.now() + waitMs;
  while (findServerProcesses(dataDir).length > 0) {
    if (Date.now() > end) {
      return false;
    }
    await delay(POLL_MS);
  }
  return true;
}

function removeDamagedPidFile(dataDir: string): void {
  if (pidFromFile(dataDir) === null) {
    rmSync(join(dataDir, "postmaster.pid"), { force: true });
  }
}

function pidFromFile(dataDir: string): number | null {
  try {
    const pid = Number(readFileSync(join(dataDir, "postmaster.pid"), "utf8").split("\n")[0]);
    return Number.isInteger(pid) && pid > 1 ? pid : null;
  } catch (error) {
    if (hasErrorCode(error, "ENOENT")) {
      return null;
    }
    throw error;
  }
}

function workingDirectory(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return null;
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!hasErrorCode(error, "ESRCH")) {
      throw error;
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasErrorCode(error, "EPERM");
  }
}
