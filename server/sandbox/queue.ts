/**
 * The job queue between the gateway and the workers. A job only says "look at this run": the run row is the truth,
 * so a lost, doubled or forged job can at most make a worker look at a row.
 */
import { PgBoss } from "pg-boss";
import type { Logger } from "#server/core/log.ts";

export const RUN_QUEUE = "sandbox-run";

export interface RunJob {
  runId: string;
}

/** pg-boss without any statement that needs rights on the schema: the migrator made it, and jobs are deleted as they are taken. */
export async function openRunQueue(options: { connectionString: string; name: string; log: Logger }): Promise<PgBoss> {
  const boss = new PgBoss({
    connectionString: options.connectionString,
    application_name: `${options.name}:queue`,
    max: 2,
    migrate: false,
    createSchema: false,
    supervise: false,
    schedule: false,
    registerInstance: false,
    monitorVacuum: false,
    reindex: false,
  });
  boss.on("error", (error) => options.log.warn({ err: error }, "run queue: database error"));
  await boss.start();
  return boss;
}
