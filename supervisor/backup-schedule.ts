/**
 * Backups by the clock. When the next one is due is seen from the files that are there, so that a restart neither skips nor repeats one.
 */
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
