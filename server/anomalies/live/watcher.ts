/** Has every server look once a minute; a lock in the database lets one of them do it. */
import type { Pool } from "pg";
import { lookAround, type WatchSettings } from "#server/anomalies/live/look.ts";
import type { Clock } from "#server/core/clock.ts";
import type { Logger } from "#server/core/log.ts";

const EVERY_MS = 60_000;

interface WatcherDeps {
  pool: Pool;
  clock: Clock;
  log: Logger;
  /** As configured now; undefined = off. */
  settings: () => WatchSettings | undefined;
  /** Time between looks; for tests. */
  everyMs?: number;
}

export function openAnomalyWatcher({ pool, clock, log, settings, everyMs = EVERY_MS }: WatcherDeps): {
  close(): Promise<void>;
} {
  let closed = false;
  let working: Promise<unknown> | undefined;
  const look = (): void => {
    const wanted = settings();
    // A round that takes longer than a minute is not overtaken by the next.
    if (wanted === undefined || working !== undefined) return;
    working = lookAround(pool, wanted, clock.now(), () => closed)
      .catch((error: unknown) => log.warn({ err: error }, "anomalies could not be looked for; it is tried again"))
      .finally(() => (working = undefined));
  };
  const timer = setInterval(look, everyMs);
  timer.unref();
  return {
    async close() {
      closed = true;
      clearInterval(timer);
      await working;
    },
  };
}
