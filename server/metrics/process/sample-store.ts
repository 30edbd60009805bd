/** Numbers that lie in the database: what waits, and what the whole installation has counted. */
import type { Pool } from "pg";

export interface StoreSample {
  runsWaiting: number;
  runsRunning: number;
  /** Batches of events that wait for the sealer; counted up to 100,000. */
  backlog: number;
  /** How long the oldest of them has waited, in seconds. */
  sealerLagSeconds: number;
}

const MAX_BACKLOG = 100_000;
const TIMEOUT_MS = 5_000;

// The intake has no column for the time: the text of a batch begins with that of its first event. One that does not counts as new.
const SQL = `
SELECT (SELECT count(*) FROM run WHERE state = 'queued') AS "runsWaiting",
  (SELECT count(*) FROM run WHERE state = 'running') AS "runsRunning",
  (SELECT count(*) FROM (SELECT FROM audit_intake LIMIT ${MAX_BACKLOG}) AS waiting) AS backlog,
  greatest(0, coalesce((SELECT extract(epoch FROM now()) - substring(events FROM '^\\[\\{"at":(\\d{13})[,}]')::bigint / 1000.0
    FROM audit_intake ORDER BY id LIMIT 1), 0))::float8 AS "sealerLagSeconds"`;

/** @throws the database's error. */
export async function sampleStore(pool: Pool): Promise<StoreSample> {
  const query = { text: SQL, query_timeout: TIMEOUT_MS };
  const { rows } = await pool.query<StoreSample>(query);
  return rows[0] ?? { runsWaiting: 0, runsRunning: 0, backlog: 0, sealerLagSeconds: 0 };
}

export interface RecordedTotal {
  metric: string;
  count: number;
  sum: number;
}

/** What was counted from the record since the oldest day that is kept. */
export async function recordedTotals(pool: Pool, metrics: readonly string[]): Promise<RecordedTotal[]> {
  const query = {
    text: `SELECT metric, sum(count)::bigint AS count, sum(sum) AS sum FROM metric_bucket
      WHERE metric = ANY($1) AND subject = '' AND seconds = 86400 GROUP BY metric`,
    values: [metrics],
    query_timeout: TIMEOUT_MS,
  };
  const { rows } = await pool.query<RecordedTotal>(query);
  return rows;
}
