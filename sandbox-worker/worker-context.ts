/** What the parts of this process share. Built once in `main.ts`. */
import type { PgBoss } from "pg-boss";
import type { Pool } from "pg";
import type { Actor } from "#server/audit/schema.ts";
import type { Db } from "#server/core/db/client.ts";
import type { Logger } from "#server/core/log.ts";
import type { SandboxingConfig } from "#server/sandbox/policy.ts";
import type { Engine } from "#worker/engine.ts";
import type { LoopDisks } from "#worker/loop-disks.ts";

export interface WorkerContext {
  workerId: string;
  /** Tells apart the installations that share one engine. */
  instanceId: string;
  host: string;
  db: Db;
  pool: Pool;
  boss: PgBoss;
  log: Logger;
  engine: Engine;
  /** Null where this process cannot make them. */
  disks: LoopDisks | null;
  /** The configuration in force now. The limits come from here, never from the database. */
  sandboxing(): SandboxingConfig;
}

export const workerActor = (context: WorkerContext): Actor => ({ type: "worker", id: context.workerId });
