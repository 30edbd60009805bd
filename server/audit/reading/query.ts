/** Reading the record: filtered pages, newest first, forwards in windows, and following it live. */
import type { Pool } from "pg";
import type { ChainRow, SealedRow } from "#server/audit/chain.ts";
import { COLUMNS, toChainRow, type RowCells } from "#server/audit/columns.ts";
import { conditionsOf, type SeqRange } from "#server/audit/reading/conditions.ts";
import type { AuditFilter, AuditSearch } from "#server/audit/filter.ts";
import { readHeadSeq } from "#server/audit/sealed-rows.ts";
import { createSignal } from "#server/core/signal.ts";
import { rangeOf, walkDown } from "#server/audit/reading/walk.ts";
import type { NotifyHub } from "#server/core/db/notify.ts";

/** One event as readers see it. */
export type AuditEntry = ChainRow;

interface AuditPage {
  /** Newest first. */
  events: AuditEntry[];
  /** `before` of the next page; null on the last one. */
  next: number | null;
}

/**
 * A page can hold fewer events than `limit`, even none, and still have a next one: a search for which rows have to be read stops when it
 * has taken long enough, and goes on from there.
 * @throws AppError("INVALID_INPUT") when `filter.event` names nothing in the catalogue.
 */
export async function listEvents(pool: Pool, filter: AuditFilter): Promise<AuditPage> {
  const { before, limit, ...search } = filter;
  const range = await rangeOf(pool, search, before);
  if (range === null) {
    return { events: [], next: null };
  }
  const found: AuditEntry[] = [];
  const reached = await walkDown(range, async (window) => {
    found.push(...(await selectNewest(pool, search, window, limit + 1 - found.length)));
    return found.length > limit ? "enough" : "more";
  });
  const events = found.slice(0, limit);
  const end = reached > range.from ? reached : null;
  return { events, next: found.length > limit ? (events.at(-1)?.seq ?? null) : end };
}

async function selectNewest(pool: Pool, search: AuditSearch, window: SeqRange, limit: number): Promise<AuditEntry[]> {
  const { branches, where, values } = conditionsOf(search, window);
  if (branches.length === 0) {
    return [];
  }
  const inOrder = `ORDER BY seq DESC LIMIT ${limit}`;
  const [only = "", ...others] = branches;
  const parts = branches.map((branch) => `(SELECT seq FROM audit_event WHERE ${branch} AND ${where} ${inOrder})`);
  const wanted =
    others.length === 0
      ? `${only} AND ${where}`
      : `seq IN (SELECT seq FROM (${parts.join(" UNION ALL ")}) AS part ${inOrder})`;
  return (await select(pool, `${wanted} ${inOrder}`, values)).map(({ row }) => row);
}

/** Rows that one query looks at: bounds its time and what it can return, whatever the search. */
const WINDOW_ROWS = 5_000;

/**
 * The rows of `range` that a search finds, oldest first, in batches; an empty batch says that the reader got to `upTo`. The next batch is
 * fetched while the caller works on the current one.
 */
export async function* readMatching(
  pool: Pool,
  search: AuditSearch,
  range: SeqRange,
): AsyncGenerator<{ rows: SealedRow[]; upTo: number }, void, void> {
  const read = (from: number) => {
    const upTo = Math.min(from + WINDOW_ROWS - 1, range.to);
    const batch = selectWindow(pool, search, { from, to: upTo });
    // Its failure is thrown where it is awaited; until then it must not count as unhandled.
    batch.catch(() => undefined);
    return { upTo, batch };
  };
  let current = range.from <= range.to ? read(range.from) : undefined;
  while (current !== undefined) {
    const rows = await current.batch;
    const { upTo } = current;
    current = upTo < range.to ? read(upTo + 1) : undefined;
    yield { rows, upTo };
  }
}

function selectWindow(pool: Pool, search: AuditSearch, window: SeqRange): Promise<SealedRow[]> {
  const { branches, where, values } = conditionsOf(search, window);
  return branches.length === 0
    ? Promise.resolve([])
    : select(pool, `(${branches.join(" OR ")}) AND ${where} ORDER BY seq`, values);
}

const POLL_MS = 2_000;

/** First the newest events of `filter`, then each new one as it is sealed, oldest first, until `signal` aborts. */
export async function* followEvents(
  pool: Pool,
  hub: NotifyHub,
  filter: AuditFilter,
  signal: AbortSignal,
): AsyncGenerator<AuditEntry[], void, void> {
  const { before: _before, limit: _limit, ...search } = filter;
  const shown = await readHeadSeq(pool);
  const page = await listEvents(pool, { ...filter, before: shown + 1 });
  yield page.events.toReversed();
  for await (const { rows } of followFrom(pool, hub, { search, after: shown }, signal)) {
    if (rows.length > 0) {
      yield rows;
    }
  }
}

interface Following {
  search: AuditSearch;
  /** Only events behind this row. */
  after: number;
}

/** Each event behind `after` once it is sealed, oldest first, and how far the reader has come, until `signal` aborts. */
async function* followFrom(
  pool: Pool,
  hub: NotifyHub,
  { search, after }: Following,
  signal: AbortSignal,
): AsyncGenerator<{ rows: AuditEntry[]; upTo: number }, void, void> {
  const news = createSignal();
  const wake = (): void => news.raise();
  const unlisten = [await hub.listen("openclaw_audit", wake), hub.onReconnect(wake)];
  signal.addEventListener("abort", wake);
  try {
    let shown = after;
    // What was sealed between the reader's page and now is looked for at once.
    wake();
    while (!signal.aborted) {
      await news.wait(POLL_MS);
      const head = await readHeadSeq(pool);
      for await (const { rows, upTo } of readMatching(pool, search, { from: shown + 1, to: head })) {
        shown = upTo;
        yield { rows: rows.map(({ row }) => row), upTo };
      }
    }
  } finally {
    signal.removeEventListener("abort", wake);
    unlisten.forEach((stop) => stop());
  }
}

async function select(pool: Pool, rest: string, values: readonly unknown[]): Promise<SealedRow[]> {
  const result = await pool.query<RowCells>({
    rowMode: "array",
    text: `SELECT ${COLUMNS}, hash FROM audit_event WHERE ${rest}`,
    values: [...values],
  });
  return result.rows.map((cells) => ({ row: toChainRow(cells), hash: cells[19] }));
}
