/** What all calls of models of one process share: the connections to providers, the list of calls, and what is under way. */
import type { Pool } from "pg";
import type { Dispatcher } from "undici";
import type { ConfigStore } from "#server/config/index.ts";
import type { Logger } from "#server/core/log.ts";
import { UnderWay } from "#server/core/under-way.ts";
import { openBudgetRoom, type BudgetRoom } from "#server/models/budget-room.ts";
import { Stopping } from "#server/models/ending.ts";
import { openCounter } from "#server/models/counter.ts";
import { openLeaseStore } from "#server/models/lease-store.ts";
import { openLedger, type Ledger } from "#server/models/ledger.ts";
import { startModelUpkeep } from "#server/models/upkeep.ts";
import { openProviders } from "#server/models/upstream.ts";

export interface ModelCore {
  providers: Dispatcher;
  /** Room in budgets, as far as this process holds it. */
  room: BudgetRoom;
  ledger: Ledger;
  /** Ends calls over the API. */
  stopping: Stopping;
  /** Knows of a call over the API until it has ended. */
  track<T>(call: Promise<T>): Promise<T>;
  /** Gives calls over the API `graceMs` to end, then breaks them off; each is counted and recorded. */
  drain(graceMs: number): Promise<void>;
  /** Stores and counts what waits, then cuts all connections. */
  close(): Promise<void>;
}

interface ModelCoreOptions {
  config: Pick<ConfigStore, "current">;
  pool: Pool;
  /** For leases on budgets and their counts: short statements that a crash of the database may take back, whole and in order. Closed with the core. */
  leasing: Pool;
  log: Logger;
}

export function openModelCore(options: ModelCoreOptions): ModelCore {
  const { config, pool, leasing, log } = options;
  const outgoing = openProviders(config);
  const counter = openCounter(leasing, log);
  const ledger = openLedger(pool, counter);
  const room = openBudgetRoom(openLeaseStore(leasing, counter), (error) =>
    log.warn({ err: error }, "room in a budget could not be given back; it is free again when its lease expires"),
  );
  const upkeep = startModelUpkeep({ pool, log, keepCallsMs: () => config.current().config.models.keepCalls });
  const stopping = new Stopping();
  const underWay = new UnderWay();
  return {
    providers: outgoing.dispatcher,
    room,
    ledger,
    stopping,
    track: (call) => underWay.track(call),
    async drain(graceMs) {
      const timer = setTimeout(() => stopping.now(), graceMs);
      await underWay.ended();
      clearTimeout(timer);
    },
    async close() {
      await upkeep.stop();
      await ledger.idle();
      await room.close();
      await counter.close();
      await outgoing.close();
      await leasing.end();
    },
  };
}
