/**
 * Backups by the clock. When the next one is due is seen from the files that are there, so that a restart neither skips nor repeats one. The
 * backup itself is a process of its own with little claim to the processor: the command that an operator would use.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { setPriority } from "node:os";
import { setTimeout as delay } from "node:timers/promises";

export interface BackupScheduleOptions {
  /** Milliseconds between backups; 0 = none. Asked anew each time. */
  interval(): number;
  /** When the newest backup was made; null when there is none. */
  newest(): Date | null;
  /** Makes one. Resolves with null, or with what kept it from being made. */
  make(signal: AbortSignal): Promise<string | null>;
  /** Told of each failure, with the milliseconds until it is tried again. */
  onFailure(why: string, waitMs: number): void;
  now?: () => number;
  /** Milliseconds before the first look, so that a start stays quick. */
  firstLookMs?: number;
  lookEveryMs?: number;
}

export interface BackupSchedule {
  /** Ends a backup that is being made; nothing of it is left. */
  stop(): Promise<void>;
}

const MINUTE_MS = 60_000;
const FIRST_LOOK_MS = 2 * MINUTE_MS;
const RETRY_MS = 5 * MINUTE_MS;
const LONGEST_RETRY_MS = 6 * 60 * MINUTE_MS;

/** Whether a backup is due, pure. A file from the future (a clock that was set back) counts as made now. */
export function isBackupDue(newest: Date | null, now: number, intervalMs: number): boolean {
  return intervalMs > 0 && (newest === null || now - Math.min(newest.getTime(), now) >= intervalMs);
}

/** Milliseconds until the next attempt after `failures` in a row: ever longer, six hours at most. */
export function backupRetryMs(failures: number): number {
  return Math.min(RETRY_MS * 2 ** Math.min(failures - 1, 20), LONGEST_RETRY_MS);
}

export function startBackupSchedule(options: BackupScheduleOptions): BackupSchedule {
  const { now = Date.now, firstLookMs = FIRST_LOOK_MS, lookEveryMs = MINUTE_MS } = options;
  const stopping = new AbortController();
  const pause = (ms: number): Promise<unknown> =>
    delay(ms, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined);

  async function look(): Promise<string | null> {
    return isBackupDue(options.newest(), now(), options.interval()) ? options.make(stopping.signal) : null;
  }

  async function run(): Promise<void> {
    let failures = 0;
    await pause(firstLookMs);
    while (!stopping.signal.aborted) {
      const failure = await look().catch((error: unknown) => String(error));
      if (failure === null || stopping.signal.aborted) {
        failures = 0;
        await pause(lookEveryMs);
      } else {
        failures += 1;
        const waitMs = backupRetryMs(failures);
        options.onFailure(failure, waitMs);
        await pause(waitMs);
      }
    }
  }

  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** Behind everything that answers somebody. */
const LOW_PRIORITY = 10;
const LAST_WORDS_CHARACTERS = 2_000;

interface BackupProcess {
  cwd: string;
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
}

/** The command as a process. Resolves with null when it went well, else with its last words. */
export async function runBackupProcess({ cwd, env, signal }: BackupProcess): Promise<string | null> {
  const args = ["cli/main.ts", "security", "backup-config", "--scheduled", "--json"];
  const child: ChildProcess = spawn(process.execPath, args, { cwd, env, stdio: ["ignore", "ignore", "pipe"] });
  let words = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    words = (words + text).slice(-LAST_WORDS_CHARACTERS);
  });
  const end = (): void => void child.kill("SIGTERM");
  signal.addEventListener("abort", end, { once: true });
  try {
    return await new Promise<string | null>((resolve) => {
      child.once("spawn", () => lower(child.pid));
      child.once("error", (error) => resolve(error.message));
      child.once("close", (code, killedBy) => {
        const last = words.trim().split("\n").at(-1) ?? "";
        resolve(code === 0 ? null : `${last || "it ended"} (${killedBy ?? `exit code ${code ?? "unknown"}`})`);
      });
    });
  } finally {
    signal.removeEventListener("abort", end);
  }
}

function lower(pid: number | undefined): void {
  try {
    if (pid !== undefined) {
      setPriority(pid, LOW_PRIORITY);
    }
  } catch {
    // It has ended already, or this system does not let us: no reason to make no backup.
  }
}
