/** When this process counts what calls used of budgets (`counts.ts`): soon after it has stored some, and now and then for what others left. */
import type { Pool } from "pg";
import type { Logger } from "#server/core/log.ts";
import { countUses } from "#server/models/counts.ts";

/** After the first use that is uncounted: so many commits are counted together. */
const SOON_MS = 200;
/** What a process that is gone has stored waits no longer than this. */
const LOOK_MS = 5_000;
/** Between two warnings of an outage. */
const WARN_MS = 60_000;

export interface Counter {
  /** This process has stored uses. @param beyond some call used more than it held: it is counted at once */
  stored(beyond: boolean): void;
  /** Resolves once no use of this process beyond what was held waits to be counted, or counting has failed. */
  caughtUp(): Promise<void>;
  /** Counts a last time. Never rejects: what cannot be counted now is, when a process looks again. */
  close(): Promise<void>;
}

/** @param pool its commits need not wait for the disk: a crash takes removal and counting back together */
export function openCounter(pool: Pool, log: Pick<Logger, "warn">): Counter {
  let running: Promise<void> = Promise.resolve();
  /** A run that has not begun. */
  let next: Promise<void> | null = null;
  let timer: NodeJS.Timeout | undefined;
  let catchingUp: Promise<void> = Promise.resolve();
  let failingSince: number | null = null;
  let warnedAt = 0;

  /** Resolves after a run that begins from now on: one under way may have looked already. */
  function run(): Promise<void> {
    next ??= running = running.then(count);
    return next;
  }

  async function count(): Promise<void> {
    next = null;
    clearTimeout(timer);
    timer = undefined;
    try {
      await countUses(pool);
      failingSince = null;
    } catch (error) {
      const now = Date.now();
      failingSince ??= now;
      if (warnedAt + WARN_MS <= now) {
        warnedAt = now;
        const message = "uses of budgets cannot be counted; they are kept, and it is tried again";
        log.warn({ err: error, failingMs: now - failingSince }, message);
      }
    }
  }

  const look = setInterval(() => void run(), LOOK_MS);
  look.unref();
  void run();

  return {
    stored(beyond) {
      if (beyond) {
        catchingUp = run();
      } else {
        timer ??= setTimeout(() => void run(), SOON_MS).unref();
      }
    },
    caughtUp: () => catchingUp,
    async close() {
      clearInterval(look);
      await run();
      clearTimeout(timer);
    },
  };
}
