/** Numbers that lie in the database: what waits, and what the whole installation has counted. */
import type { Pool } from "pg";
import { createBacklogAge } from "#server/metrics/process/backlog-age.ts";

export interface StoreSample {
  runsWaiting: number;
  runsRunning: number;
  /** Batches of events that wait for the sealer; counted up to 100,000. */
  backlog: number;
  /** For how long the oldest of them has been seen waiting, in seconds. */
  sealerLagSeconds: number;
}

export interface StoreSampler {
  /** @throws the database's error. */
  sample(): Promise<StoreSample>;
  /** What was counted from the record since the oldest day that is kept. @throws the database's error. */
  recorded(metrics: readonly string[]): Promise<RecordedTotal[]>;
}

interface RecordedTotal {
  metric: string;
  count: number;
  sum: number;
}

const MAX_BACKLOG = 100_000;
const TIMEOUT_MS = 5_000;

const SAMPLE_SQL = `
SELECT (SELECT count(*) FROM run WHERE state = 'queued') AS "runsWaiting",
  (SELECT count(*) FROM run WHERE state = 'running') AS "runsRunning",
  (SELECT count(*) FROM (SELECT id FROM audit_intake LIMIT ${MAX_BACKLOG}) AS waiting) AS backlog,
  (SELECT min(id) FROM audit_intake) AS "oldestId", (SELECT max(id) FROM audit_intake) AS "newestId"`;

const RECORDED_SQL = `
SELECT metric, sum(count)::bigint AS count, sum(sum) AS sum FROM metric_bucket
WHERE metric = ANY($1) AND subject = '' AND seconds = 86400 GROUP BY metric`;

interface Row {
  runsWaiting: number;
  runsRunning: number;
  backlog: number;
  oldestId: number | null;
  newestId: number | null;
}

/** @param now milliseconds of a clock that only goes forward */
export function createStoreSampler(pool: Pool, now: () => number = () => performance.now()): StoreSampler {
  const age = createBacklogAge();
  return {
    async sample() {
      const query = { text: SAMPLE_SQL, query_timeout: TIMEOUT_MS };
      const { rows } = await pool.query<Row>(query);
      const { oldestId = null, newestId = null, ...counts } = rows[0] ?? { runsWaiting: 0, runsRunning: 0, backlog: 0 };
      const waiting = oldestId === null || newestId === null ? null : { oldestId, newestId };
      return { ...counts, sealerLagSeconds: age.observe(now(), waiting) / 1000 };
    },
    async recorded(metrics) {
      const query = { text: RECORDED_SQL, values: [metrics], query_timeout: TIMEOUT_MS };
      return (await pool.query<RecordedTotal>(query)).rows;
    },
  };
}
