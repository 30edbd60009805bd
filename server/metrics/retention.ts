/** Removes buckets past their age, in small steps, by one server at a time. */
import type { Pool, PoolClient } from "pg";
import type { Clock } from "#server/core/clock.ts";
import { whileLocked } from "#server/core/db/held-connection.ts";
import type { Logger } from "#server/core/log.ts";
import { BUCKET_SECONDS, type BucketSeconds } from "#server/metrics/schema.ts";

const EVERY_MS = 10 * 60_000;
/** Rows in one statement, so that none of them locks for long. */
const BATCH_ROWS = 5_000;
const LOCK_KEY = 7_263_541_101;

/** Milliseconds that buckets of each width are kept. */
export type Retention = Readonly<Record<BucketSeconds, number>>;

interface RetentionDeps {
  pool: Pool;
  clock: Clock;
  log: Logger;
  retention: () => Retention;
}

export function startRetention(deps: RetentionDeps): { close(): Promise<void> } {
  let closed = false;
  let work: Promise<unknown> = Promise.resolve();
  const look = (): void => {
    work = work
      .then(() => removeOld(deps.pool, deps.retention(), deps.clock.now(), () => closed))
      .catch((error: unknown) =>
        deps.log.warn({ err: error }, "old measurements could not be removed; it is tried again"),
      );
  };
  const timer = setInterval(look, EVERY_MS);
  timer.unref();
  look();
  return {
    async close() {
      closed = true;
      clearInterval(timer);
      await work;
    },
  };
}

/** @returns how many buckets were removed; 0 as well while another server is at it. */
export async function removeOld(
  pool: Pool,
  retention: Retention,
  nowMs: number,
  isClosed: () => boolean = () => false,
): Promise<number> {
  const removed = await whileLocked(pool, LOCK_KEY, async (client) => {
    let count = 0;
    for (const seconds of BUCKET_SECONDS) {
      count += await removeWidth(client, seconds, new Date(nowMs - retention[seconds]), isClosed);
    }
    return count;
  });
  return removed ?? 0;
}

async function removeWidth(
  client: PoolClient,
  seconds: BucketSeconds,
  before: Date,
  isClosed: () => boolean,
): Promise<number> {
  let removed = 0;
  let step: number;
  do {
    const { rowCount } = await client.query(
      `DELETE FROM metric_bucket WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM metric_bucket WHERE seconds = $1 AND at < $2 ORDER BY at LIMIT ${BATCH_ROWS}))`,
      [seconds, before],
    );
    step = rowCount ?? 0;
    removed += step;
  } while (step === BATCH_ROWS && !isClosed());
  return removed;
}
