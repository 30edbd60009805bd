/** What `audit_tally` knows without a look at the rows: how many events of a kind there were when, and between which rows they stand. */
import type { Pool } from "pg";
import type { SeqRange } from "#server/audit/reading/conditions.ts";
import { namesOf, type AuditSearch } from "#server/audit/filter.ts";

/** A search that the tally can answer; times are exact at full hours only. */
export type TallySearch = Pick<AuditSearch, "event" | "kind" | "level" | "outcome" | "since" | "until">;

export const HOUR_MS = 3_600_000;

interface TallyTotal {
  /** Events of the hours that the search touches. */
  count: number;
  /** The rows they stand between; null when there are none. */
  range: SeqRange | null;
}

/** @throws AppError("INVALID_INPUT") when `event` names nothing. */
export async function readTally(pool: Pool, search: TallySearch): Promise<TallyTotal> {
  const { where, values } = tallyConditions(search);
  const { rows } = await pool.query<{ count: number; from: number | null; to: number | null }>(
    `SELECT coalesce(sum(count), 0)::bigint AS count, min(min_seq) AS from, max(max_seq) AS to FROM audit_tally WHERE ${where}`,
    values,
  );
  const { count = 0, from = null, to = null } = rows[0] ?? {};
  return { count, range: from === null || to === null ? null : { from, to } };
}

export interface TallyBucket {
  /** Milliseconds since 1970. */
  startMs: number;
  event: string;
  outcome: string;
  count: number;
}

/**
 * Counts for a chart, oldest first; buckets without events are left out.
 * @param bucketHours width of a bucket. Buckets begin at `since`, or at 1970 without one.
 * @throws AppError("INVALID_INPUT") when `event` names nothing.
 */
export async function histogram(pool: Pool, search: TallySearch, bucketHours: number): Promise<TallyBucket[]> {
  const { where, values } = tallyConditions(search);
  values.push((search.since?.getTime() ?? 0) / 1000, bucketHours * 3600);
  const [origin, width] = [`$${values.length - 1}::float8`, `$${values.length}::float8`];
  const { rows } = await pool.query<TallyBucket>(
    `SELECT ((floor((extract(epoch FROM hour) - ${origin}) / ${width}) * ${width} + ${origin}) * 1000)::bigint AS "startMs",
       event, outcome, sum(count)::bigint AS count
     FROM audit_tally WHERE ${where} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
    values,
  );
  return rows;
}

function tallyConditions(search: TallySearch): { where: string; values: unknown[] } {
  const parts: string[] = ["count > 0"];
  const values: unknown[] = [];
  const add = (condition: (parameter: string) => string, value: unknown): void => {
    if (value !== undefined) {
      values.push(value);
      parts.push(condition(`$${values.length}`));
    }
  };
  const { outcome, since, until } = search;
  add((p) => `event = ANY(${p})`, namesOf(search));
  add((p) => `outcome = ${p}`, outcome);
  add((p) => `hour >= ${p}`, since && new Date(Math.floor(since.getTime() / HOUR_MS) * HOUR_MS));
  add((p) => `hour < ${p}`, until);
  return { where: parts.join(" AND "), values };
}
