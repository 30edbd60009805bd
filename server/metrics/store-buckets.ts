/** Adds to buckets. */
import type { ClientBase, Pool } from "pg";
import type { PlacedIncrement } from "#server/metrics/recorded/subject-room.ts";

const ADD_SQL = `
INSERT INTO metric_bucket AS bucket (metric, subject, seconds, at, count, sum, max)
SELECT * FROM unnest($1::text[], $2::text[], $3::int[], $4::timestamptz[], $5::bigint[], $6::float8[], $7::float8[])
ON CONFLICT (metric, subject, seconds, at) DO UPDATE SET count = bucket.count + excluded.count,
  sum = bucket.sum + excluded.sum, max = greatest(bucket.max, excluded.max)`;

/** @param increments at most one for each bucket, in the order of their keys: writers that meet then wait for each other instead of deadlocking */
export async function addToBuckets(db: ClientBase | Pool, increments: readonly PlacedIncrement[]): Promise<void> {
  if (increments.length > 0) {
    await db.query({
      name: "metrics-add",
      text: ADD_SQL,
      values: [
        increments.map(({ metric }) => metric),
        increments.map(({ subject }) => subject),
        increments.map(({ seconds }) => seconds),
        increments.map(({ atMs }) => new Date(atMs)),
        increments.map(({ count }) => count),
        increments.map(({ sum }) => sum),
        increments.map(({ max }) => max),
      ],
    });
  }
}
