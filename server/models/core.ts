/** What all calls of models of one process share: the connections to providers, the list of calls, and what is under way. */
import type { Pool } from "pg";
import type { Dispatcher } from "undici";
import type { ConfigStore } from "#server/config/index.ts";
import type { Logger } from "#server/core/log.ts";
import { openLedger, type Ledger } from "#server/models/ledger.ts";
import { startModelUpkeep } from "#server/models/upkeep.ts";
import { openProviders } from "#server/models/upstream.ts";

export interface ModelCore {
  providers: Dispatcher;
  /** For what is set aside and counted: short statements, many after each other on one row, whose commits do not wait for the disk. */
  counting: Pool;
  ledger: Ledger;
  /** Aborted when calls over the API have to end. */
  stopping: AbortSignal;
  /** Knows of a call over the API until it has ended. */
  track<T>(call: Promise<T>): Promise<T>;
  /** Gives calls over the API `graceMs` to end, then breaks them off; each is counted and recorded. */
  drain(graceMs: number): Promise<void>;
  /** Stores what waits, then cuts all connections. */
  close(): Promise<void>;
}

interface ModelCoreOptions {
  config: Pick<ConfigStore, "current">;
  pool: Pool;
  /** See `ModelCore`; closed with it. */
  counting: Pool;
  log: Logger;
}

export function openModelCore(options: ModelCoreOptions): ModelCore {
  const { config, pool, counting, log } = options;
  const outgoing = openProviders(config);
  const ledger = openLedger(counting);
  const upkeep = startModelUpkeep({ pool, log, keepCallsMs: () => config.current().config.models.keepCalls });
  const stop = new AbortController();
  const underWay = new Set<Promise<unknown>>();
  return {
    providers: outgoing.dispatcher,
    counting,
    ledger,
    stopping: stop.signal,
    track(call) {
      underWay.add(call);
      const forget = (): void => void underWay.delete(call);
      call.then(forget, forget);
      return call;
    },
    async drain(graceMs) {
      const timer = setTimeout(() => stop.abort(), graceMs);
      await Promise.allSettled(underWay);
      clearTimeout(timer);
    },
    async close() {
      await upkeep.stop();
      await ledger.idle();
      await outgoing.close();
      await counting.end();
    },
  };
}
