/** Searching the record from its newest row downwards, in windows, for no longer than somebody wants to wait. */
import type { Pool } from "pg";
import type { SeqRange } from "#server/audit/reading/conditions.ts";
import type { AuditSearch } from "#server/audit/filter.ts";
import { readHeadSeq } from "#server/audit/sealed-rows.ts";
import { readTally } from "#server/audit/reading/tally.ts";

/**
 * The rows among which a search can find something, or null.
 * A time has no index of its own: events stand in the record nearly in order of time, and the tally says between which rows each hour lies.
 * The tally also tells of events with an outcome that they never had, for which the whole record would be read.
 * @param before only rows that stand before this one.
 * @throws AppError("INVALID_INPUT") when `event` names nothing.
 */
export async function rangeOf(pool: Pool, search: AuditSearch, before = Infinity): Promise<SeqRange | null> {
  const { since, until, outcome, level } = search;
  if ([since, until, outcome, level].every((value) => value === undefined)) {
    return { from: 1, to: Math.min(await readHeadSeq(pool), before - 1) };
  }
  const { range } = await readTally(pool, search);
  return range === null ? null : { from: range.from, to: Math.min(range.to, before - 1) };
}

const FIRST_WINDOW_ROWS = 100_000;
const GROWTH = 4;
/** Milliseconds: a window that took no longer is followed by a wider one, and after this long in all no other is begun. */
const QUICK_MS = 8;
const PATIENCE_MS = 30;

/**
 * Looks at windows of `range`, the newest first, until `look` has enough, the range is through or the time is up: most searches are answered
 * from an index and see all of it in a few steps; one for which rows have to be read goes as far as it gets.
 * @returns the lowest row that was looked at; that of the range when it is through.
 */
export async function walkDown(
  range: SeqRange,
  look: (window: SeqRange) => Promise<"enough" | "more">,
): Promise<number> {
  const started = performance.now();
  let size = FIRST_WINDOW_ROWS;
  let reached = range.to + 1;
  while (reached > range.from && performance.now() - started < PATIENCE_MS) {
    const window = { from: Math.max(range.from, reached - size), to: reached - 1 };
    const begun = performance.now();
    if ((await look(window)) === "enough") {
      return window.from;
    }
    reached = window.from;
    if (performance.now() - begun <= QUICK_MS) {
      size *= GROWTH;
    }
  }
  return reached;
}
