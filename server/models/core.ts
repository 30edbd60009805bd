/** What all calls of models of one process share: the connections to providers, the list of calls, and what is under way. */
import type { Pool } from "pg";
import type { Dispatcher } from "undici";
import type { ConfigStore } from "#server/config/index.ts";
import type { Logger } from "#server/core/log.ts";
import { openBudgetRoom, type BudgetRoom } from "#server/models/budget-room.ts";
import { openLeaseStore } from "#server/models/lease-store.ts";
import { openLedger, type Ledger } from "#server/models/ledger.ts";
import { startModelUpkeep } from "#server/models/upkeep.ts";
import { openProviders } from "#server/models/upstream.ts";

export interface ModelCore {
  providers: Dispatcher;
  /** Room in budgets, as far as this process holds it. */
  room: BudgetRoom;
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
  /** For leases on budgets: short statements that a crash of the database may take back, whole and in order. Closed with the core. */
  leasing: Pool;
  log: Logger;
}

export function openModelCore(options: ModelCoreOptions): ModelCore {
  const { config, pool, leasing, log } = options;
  const outgoing = openProviders(config);
  const ledger = openLedger(pool);
  const room = openBudgetRoom(openLeaseStore(leasing), (error) =>
    log.warn({ err: error }, "room in a budget could not be given back; it is free again when its lease expires"),
  );
  const upkeep = startModelUpkeep({ pool, log, keepCallsMs: () => config.current().config.models.keepCalls });
  const stop = new AbortController();
  const underWay = new Set<Promise<unknown>>();
  return {
    providers: outgoing.dispatcher,
    room,
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
      await room.close();
      await outgoing.close();
      await leasing.end();
    },
  };
}
