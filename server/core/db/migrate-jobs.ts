/** The job queues (pg-boss), made by the owner so that the web and worker processes need no right to create anything. */
import { PgBoss } from "pg-boss";
import { withClient } from "#server/core/db/with-client.ts";

const JOB_SCHEMA = "pgboss";
const SANDBOX_RUN_QUEUE = "sandbox-run";

const HOUR_S = 3_600;
const DAY_S = 24 * HOUR_S;

/**
 * Retries are none: whether a lost run may run again is decided from the run's own row, not from the job. A job only says "look at run X",
 * is done as soon as a worker has claimed that row, and is kept for a short time.
 */
const SANDBOX_RUN_OPTIONS = {
  policy: "standard",
  retryLimit: 0,
  expireInSeconds: HOUR_S,
  retentionSeconds: DAY_S,
  deleteAfterSeconds: HOUR_S,
  notify: true,
} as const;

/**
 * Looks that come round and ends of graces. One of a kind waits at a time; what a job says is done again without harm, so one that is lost with
 * its process is made up for by the next.
 */
const UPKEEP_QUEUES = ["upkeep-look", "key-grace-end"] as const;
const UPKEEP_OPTIONS = {
  policy: "short",
  retryLimit: 3,
  retryDelay: 60,
  expireInSeconds: HOUR_S,
  retentionSeconds: 60 * DAY_S,
  deleteAfterSeconds: HOUR_S,
} as const;

const GRANTS = `
GRANT USAGE ON SCHEMA ${JOB_SCHEMA} TO openclaw_app, openclaw_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${JOB_SCHEMA} TO openclaw_app, openclaw_worker;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA ${JOB_SCHEMA} TO openclaw_app, openclaw_worker;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ${JOB_SCHEMA} FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ${JOB_SCHEMA}.job_now() TO openclaw_app, openclaw_worker;
`;

/** Makes or upgrades the job schema, its queues and their grants. */
export async function ensureJobQueues(ownerUrl: string): Promise<void> {
  const boss = new PgBoss({
    connectionString: ownerUrl,
    application_name: "openclaw:migrate",
    schema: JOB_SCHEMA,
    max: 2,
    migrate: true,
    supervise: false,
    schedule: false,
    registerInstance: false,
  });
  boss.on("error", () => undefined);
  await boss.start();
  try {
    const existing = await boss.getQueue(SANDBOX_RUN_QUEUE);
    if (existing === null) {
      await boss.createQueue(SANDBOX_RUN_QUEUE, SANDBOX_RUN_OPTIONS);
    } else {
      const { policy: _fixed, ...changeable } = SANDBOX_RUN_OPTIONS;
      await boss.updateQueue(SANDBOX_RUN_QUEUE, changeable);
    }
    for (const queue of UPKEEP_QUEUES) {
      if ((await boss.getQueue(queue)) === null) {
        await boss.createQueue(queue, UPKEEP_OPTIONS);
      }
    }
  } finally {
    await boss.stop({ graceful: false });
  }
  await withClient(ownerUrl, "openclaw:migrate", (client) => client.query(GRANTS));
}
