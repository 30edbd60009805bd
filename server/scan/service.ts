/** Scans of a running server: asked for in the console, and by the clock. */
import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import type { Pool } from "pg";
import type { Actor } from "#server/audit/schema.ts";
import { secretOpener, type ConfigStore } from "#server/config/index.ts";
import type { Clock } from "#server/core/clock.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import type { Db } from "#server/core/db/client.ts";
import { whileLocked } from "#server/core/db/held-connection.ts";
import type { Env } from "#server/core/env.ts";
import { AppError } from "#server/core/errors.ts";
import type { Logger } from "#server/core/log.ts";
import type { HomePaths } from "#server/core/paths.ts";
import { scan } from "#server/scan/scan.ts";
import type { ScansView, ScanTrigger, SuppressRequest, Suppression } from "#server/scan/schema.ts";
import { lastScan, removeOldScans, scanHistory, storeScan, type StoredScan } from "#server/scan/store.ts";
import { endSuppression, listSuppressions, suppressFinding } from "#server/scan/suppress.ts";

export interface ScanService {
  /** Makes a scan now and keeps it. @throws AppError("CONFLICT") while another is being made here. */
  run(actor: Actor, trigger: ScanTrigger): Promise<StoredScan>;
  view(): Promise<ScansView>;
  suppress(actor: Actor, request: SuppressRequest): Promise<Suppression>;
  endSuppression(actor: Actor, id: string): Promise<void>;
  close(): Promise<void>;
}

interface ScanServiceDeps {
  db: Db;
  pool: Pool;
  clock: Clock;
  paths: HomePaths;
  env: Pick<Env, "OPENCLAW_MASTER_KEY" | "OPENCLAW_MASTER_KEY_FILE">;
  config: Pick<ConfigStore, "current">;
  keyring: Keyring;
  log: Logger;
  /** Milliseconds before the first look at the clock, and between two. */
  firstLookMs?: number;
  lookEveryMs?: number;
}

const MINUTE_MS = 60_000;
const HISTORY = 60;
const SCHEDULE: Actor = { type: "system", id: "scan schedule" };

/** Machine and home: several servers of one home make one scheduled scan between them. */
export const scanPlace = ({ home }: Pick<HomePaths, "home">): string => `${hostname()}:${home}`;

export function createScanService(deps: ScanServiceDeps): ScanService {
  const {
    db,
    pool,
    clock,
    paths,
    config,
    keyring,
    env,
    log,
    firstLookMs = 2 * MINUTE_MS,
    lookEveryMs = MINUTE_MS,
  } = deps;
  const place = scanPlace(paths);
  const settings = () => config.current().config.security.monitoring.scan;
  let running: Promise<StoredScan> | null = null;

  async function make(actor: Actor, trigger: ScanTrigger): Promise<StoredScan> {
    const now = new Date(clock.now());
    const report = await scan({ paths, env, open: secretOpener(keyring), database: { db, pool }, now });
    return storeScan(db, { report, place, trigger, actor });
  }

  async function runOnce(actor: Actor, trigger: ScanTrigger): Promise<StoredScan> {
    if (running !== null) {
      throw new AppError("CONFLICT", "A scan is being made already. It is there in a moment.");
    }
    running = make(actor, trigger);
    try {
      return await running;
    } finally {
      running = null;
    }
  }

  /** Holds the place's lock while it looks and scans, so that of several servers one does it. */
  async function scanWhenDue(): Promise<void> {
    const { enabled, interval, retention } = settings();
    if (!enabled) {
      return;
    }
    await whileLocked(pool, `scan_schedule ${place}`, async () => {
      const last = await db.securityScan.findFirst({ where: { place }, orderBy: { at: "desc" }, select: { at: true } });
      if (isScanDue(last?.at ?? null, clock.now(), interval)) {
        await runOnce(SCHEDULE, "schedule");
        await removeOldScans(db, new Date(clock.now()), retention);
      }
    });
  }

  const stopping = new AbortController();
  const pause = (ms: number): Promise<unknown> =>
    delay(ms, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined);
  const loop = (async () => {
    await pause(firstLookMs);
    while (!stopping.signal.aborted) {
      await scanWhenDue().catch((error: unknown) =>
        log.warn({ err: error }, "the scheduled security scan could not be made; it is tried again"),
      );
      await pause(lookEveryMs);
    }
  })();

  return {
    run: runOnce,
    async view() {
      const now = new Date(clock.now());
      const [last, history, suppressions] = await Promise.all([
        lastScan(db, place),
        scanHistory(db, place, HISTORY),
        listSuppressions(db, now),
      ]);
      const { enabled, interval } = settings();
      return { last, history, suppressions, schedule: { enabled, intervalMs: interval } };
    },
    suppress: (actor, request) => suppressFinding(db, actor, request, new Date(clock.now())),
    endSuppression: (actor, id) => endSuppression(db, actor, id, new Date(clock.now())),
    async close() {
      stopping.abort();
      await loop;
    },
  };
}

/** Pure. A scan from the future (a clock that was set back) counts as made now. */
export function isScanDue(last: Date | null, now: number, intervalMs: number): boolean {
  return last === null || now - Math.min(last.getTime(), now) >= intervalMs;
}
