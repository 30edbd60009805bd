/** What the parts of this process share. Built once in `main.ts`. */
import type { PgBoss } from "pg-boss";
import type { Pool } from "pg";
import type { Actor } from "#server/audit/schema.ts";
import type { Db } from "#server/core/db/client.ts";
import type { QuarantineDeps } from "#server/files/index.ts";
import type { RunSeal } from "#server/sandbox/index.ts";
import type { EscapeMonitor } from "#worker/detect.ts";
import type { EngineContext } from "#worker/engine-context.ts";
import type { ReachConfig } from "#worker/run-reach.ts";
import type { WarmPool } from "#worker/pool/warm-pool.ts";

export interface WorkerContext extends EngineContext {
  host: string;
  db: Db;
  pool: Pool;
  boss: PgBoss;
  /** Encryption of what runs hold. */
  runSeal: RunSeal;
  /** The configuration in force now, without the values of secrets. */
  config(): ReachConfig;
  /** Socket of the server process that calls models. */
  modelSocket: string;
  /** Where suspicious files go. */
  quarantine: QuarantineDeps["paths"];
  /** Containers started ahead. */
  warm: WarmPool;
  /** Looks for signs that a program tried to get out. */
  escapes: EscapeMonitor;
}

export const workerActor = (context: WorkerContext): Actor => ({ type: "worker", id: context.workerId });
