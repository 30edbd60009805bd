/** What was measured, out of `metric_bucket`. */
import type { Pool } from "pg";
import { AppError } from "#server/core/errors.ts";
import { METRICS, OTHER, type BucketSeconds, type MetricName, type SeriesPoint } from "#server/metrics/schema.ts";

/** Enough for two weeks of minutes, or two years of hours. */
const MAX_POINTS = 25_000;

export interface SeriesQuery {
  metric: MetricName;
  /** Empty = all together. */
  subject: string;
  seconds: BucketSeconds;
  /** The bucket that holds it is the first. */
  from: Date;
  /** Buckets that begin here or later are left out. */
  to: Date;
}

/**
 * Every bucket of the time, oldest first; one in which nothing was measured, or that is past its retention, is zero.
 * @throws AppError("INVALID_INPUT") for more than 25,000 buckets.
 */
export async function readSeries(
  pool: Pick<Pool, "query">,
  { metric, subject, seconds, from, to }: SeriesQuery,
): Promise<SeriesPoint[]> {
  const width = seconds * 1000;
  const first = Math.floor(from.getTime() / width) * width;
  const length = Math.max(0, Math.ceil((to.getTime() - first) / width));
  if (!(length <= MAX_POINTS)) {
    throw new AppError(
      "INVALID_INPUT",
      `from, to: ${length} buckets of ${seconds} s are more than ${MAX_POINTS}. Choose wider buckets or a shorter time.`,
    );
  }
  const { rows } = await pool.query<SeriesPoint>(
    `SELECT at, count, sum, max FROM metric_bucket
     WHERE metric = $1 AND subject = $2 AND seconds = $3 AND at >= $4 AND at < $5`,
    [metric, subject, seconds, new Date(first), to],
  );
  const points = Array.from({ length }, (_, index): SeriesPoint => ({
    at: new Date(first + index * width),
    count: 0,
    sum: 0,
    max: 0,
  }));
  for (const row of rows) {
    points[(row.at.getTime() - first) / width] = row;
  }
  return points;
}

export interface SubjectQuery {
  metric: MetricName;
  from: Date;
  to: Date;
  /** How many at most. */
  limit: number;
  /** Of which buckets; default minutes up to two days, then hours. */
  seconds?: BucketSeconds;
}

/** What one subject comes to in a time. */
export interface SubjectTotal {
  subject: string;
  count: number;
  sum: number;
  max: number;
}

const MINUTES_MS = 48 * 3_600_000;

/** The subjects with the most in a time, greatest value first, what is counted as `other:` last. The total is not among them. */
export async function listSubjects(
  pool: Pick<Pool, "query">,
  { metric, from, to, limit, seconds }: SubjectQuery,
): Promise<SubjectTotal[]> {
  const width = seconds ?? (to.getTime() - from.getTime() <= MINUTES_MS ? 60 : 3600);
  const { rows } = await pool.query<SubjectTotal>(
    `SELECT * FROM (
       SELECT subject, sum(count)::bigint AS count, sum(sum) AS sum, max(max) AS max FROM metric_bucket
       WHERE metric = $1 AND seconds = $2 AND subject <> '' AND at < $4
         AND at >= to_timestamp(floor(extract(epoch FROM $3::timestamptz) / $2::int) * $2::int)
       GROUP BY subject) AS total
     ORDER BY subject LIKE '${OTHER}:%', ${METRICS[metric].value} DESC, subject LIMIT $5`,
    [metric, width, from, to, limit],
  );
  return rows;
}
