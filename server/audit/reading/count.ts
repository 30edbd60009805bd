/** How many events a search finds: exactly where the tally knows, otherwise counted up to a bound. */
import type { Pool } from "pg";
import { conditionsOf, type SeqRange } from "#server/audit/reading/conditions.ts";
import type { AuditSearch } from "#server/audit/filter.ts";
import { HOUR_MS, readTally } from "#server/audit/reading/tally.ts";
import { rangeOf, walkDown } from "#server/audit/reading/walk.ts";

export interface EventCount {
  count: number;
  /** There may be more than `count`. */
  atLeast: boolean;
}

/** Beyond this many nobody reads them all, and counting on would take longer than the page itself. */
export const MAX_COUNTED = 10_000;

/** Counts the newest first: where it stops, older ones may follow. @throws AppError("INVALID_INPUT") when `event` names nothing. */
export async function countEvents(pool: Pool, search: AuditSearch): Promise<EventCount> {
  if (isInTally(search)) {
    return { count: (await readTally(pool, search)).count, atLeast: false };
  }
  const range = await rangeOf(pool, search);
  if (range === null) {
    return { count: 0, atLeast: false };
  }
  let count = 0;
  const reached = await walkDown(range, async (window) => {
    count += await countWindow(pool, search, window, MAX_COUNTED + 1 - count);
    return count > MAX_COUNTED ? "enough" : "more";
  });
  return { count: Math.min(count, MAX_COUNTED), atLeast: count > MAX_COUNTED || reached > range.from };
}

async function countWindow(pool: Pool, search: AuditSearch, window: SeqRange, limit: number): Promise<number> {
  const { branches, where, values } = conditionsOf(search, window);
  if (branches.length === 0) {
    return 0;
  }
  const parts = branches.map((branch) => `(SELECT 1 FROM audit_event WHERE ${branch} AND ${where} LIMIT ${limit})`);
  const { rows } = await pool.query<{ count: number }>(
    `SELECT count(*) AS count FROM (SELECT 1 FROM (${parts.join(" UNION ALL ")}) AS part LIMIT ${limit}) AS found`,
    values,
  );
  return rows[0]?.count ?? 0;
}

/** What the tally counts by, and what does not change how many there are. */
const COUNTED_BY: readonly string[] = ["event", "kind", "level", "outcome", "since", "until", "before", "limit"];

/** Whether the tally alone can count what a search finds, to the last one. */
export function isInTally(search: AuditSearch): boolean {
  const isWholeHour = (time: Date | undefined): boolean => (time?.getTime() ?? 0) % HOUR_MS === 0;
  const asked = Object.entries(search).filter(([, value]) => value !== undefined);
  return asked.every(([name]) => COUNTED_BY.includes(name)) && isWholeHour(search.since) && isWholeHour(search.until);
}
