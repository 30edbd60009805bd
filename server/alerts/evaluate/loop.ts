/** Evaluates rules in the server process: every few seconds, and at once when the record has something new. */
import type { Pool } from "pg";
import { ALERTS_CHANGED } from "#server/alerts/announce.ts";
import { evaluateRound, MEASURE_MS } from "#server/alerts/evaluate/round.ts";
import { seedAlerts } from "#server/alerts/evaluate/seed.ts";
import { forgetOldAlerts } from "#server/alerts/retention.ts";
import { syncFilePoints } from "#server/alerts/points/file-points.ts";
import type { ConfigStore } from "#server/config/index.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import type { NotifyHub } from "#server/core/db/notify.ts";
import type { Logger } from "#server/core/log.ts";

/** Told by the sealer. */
const RECORD_GREW = "openclaw_audit";
/** Events that come together are read together. */
const GATHER_MS = 250;
const FORGET_MS = 60 * 60_000;

export interface EvaluatorDeps {
  pool: Pool;
  notify: NotifyHub;
  config: ConfigStore;
  keyring: Keyring;
  /** The console's address. */
  origin: () => string;
  log: Logger;
}

export interface Evaluator {
  close(): Promise<void>;
}

export async function openEvaluator(deps: EvaluatorDeps): Promise<Evaluator> {
  const { pool, notify, config, log, origin } = deps;
  let closed = false;
  let running: Promise<void> | null = null;
  let again = false;
  let soon: NodeJS.Timeout | undefined;
  let complained = false;

  const failed = (what: string) => (error: unknown) => log.error({ err: error }, what);

  async function rounds(): Promise<void> {
    do {
      again = false;
      const result = await evaluateRound({ pool, config: () => config.current().config, origin });
      if (result.kind === "done" && result.more) {
        again = true;
      }
      if (result.kind === "done" && result.nextAt !== null) {
        wake(Math.max(GATHER_MS, result.nextAt - Date.now()));
      }
    } while (again && !closed);
    complained = false;
  }

  function run(): void {
    if (running !== null) {
      again = true;
    } else if (!closed) {
      running = rounds()
        .catch((error: unknown) => {
          // The database may be away for a while; once is enough.
          if (!complained) {
            complained = true;
            log.error({ err: error }, "alert rules could not be evaluated; it is tried again");
          }
        })
        .finally(() => {
          running = null;
          if (again) {
            again = false;
            run();
          }
        });
    }
  }

  let wakeAt = Number.POSITIVE_INFINITY;
  function wake(ms: number): void {
    const at = Date.now() + ms;
    if (!closed && at < wakeAt) {
      wakeAt = at;
      clearTimeout(soon);
      soon = setTimeout(() => {
        wakeAt = Number.POSITIVE_INFINITY;
        run();
      }, ms).unref();
    }
  }

  const sync = (): void =>
    void syncFilePoints(deps).catch(failed("contact points of the configuration could not be brought up to date"));
  const forget = (): void => void forgetOldAlerts(pool).catch(failed("old alerts could not be removed"));

  await seedAlerts(pool);
  await syncFilePoints(deps).catch(failed("contact points of the configuration could not be brought up to date"));
  const stopFollowing = config.subscribe(() => {
    sync();
    wake(GATHER_MS);
  });
  const timers = [setInterval(run, MEASURE_MS).unref(), setInterval(forget, FORGET_MS).unref()];
  const stops = [
    await notify.listen(RECORD_GREW, () => wake(GATHER_MS)),
    await notify.listen(ALERTS_CHANGED, () => wake(GATHER_MS)),
    notify.onReconnect(() => wake(GATHER_MS)),
  ];
  run();
  forget();
  return {
    async close() {
      closed = true;
      stopFollowing();
      stops.forEach((stop) => stop());
      timers.forEach((timer) => clearInterval(timer));
      clearTimeout(soon);
      await running;
    },
  };
}
