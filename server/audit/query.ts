/** Reading the record: filtered pages, newest first, and following it live. */
import type { Pool } from "pg";
import type { ChainRow } from "#server/audit/chain.ts";
import { COLUMNS, toChainRow, type RowCells } from "#server/audit/columns.ts";
import { eventsMatching, severitiesFrom, type AuditFilter } from "#server/audit/filter.ts";
import { readHeadSeq } from "#server/audit/sealed-rows.ts";
import { createSignal } from "#server/audit/signal.ts";
import type { NotifyHub } from "#server/core/db/notify.ts";
import { AppError } from "#server/core/errors.ts";

/** One event as readers see it. */
export type AuditEntry = ChainRow;

interface AuditPage {
  /** Newest first. */
  events: AuditEntry[];
  /** `before` of the next page; null on the last one. */
  next: number | null;
}

/** @throws AppError("INVALID_INPUT") when `filter.event` names nothing in the catalogue. */
export async function listEvents(pool: Pool, filter: AuditFilter): Promise<AuditPage> {
  const { where, values } = conditions(filter);
  values.push(filter.limit + 1);
  const found = await select(pool, `${where} ORDER BY seq DESC LIMIT $${values.length}`, values);
  const events = found.slice(0, filter.limit);
  return { events, next: found.length > filter.limit ? (events.at(-1)?.seq ?? null) : null };
}

const POLL_MS = 2_000;

/** First the newest events of `filter`, then each new one as it is sealed, oldest first, until `signal` aborts. */
export async function* followEvents(
  pool: Pool,
  hub: NotifyHub,
  filter: AuditFilter,
  signal: AbortSignal,
): AsyncGenerator<AuditEntry[], void, void> {
  const news = createSignal();
  const unlisten = await hub.listen("openclaw_audit", () => news.raise());
  hub.onReconnect(() => news.raise());
  signal.addEventListener("abort", () => news.raise());
  try {
    let shown = await readHeadSeq(pool);
    const page = await listEvents(pool, { ...filter, before: shown + 1 });
    yield page.events.toReversed();
    while (!signal.aborted) {
      await news.wait(POLL_MS);
      const head = await readHeadSeq(pool);
      const fresh = await eventsBetween(pool, filter, shown, head);
      shown = head;
      if (fresh.length > 0) {
        yield fresh;
      }
    }
  } finally {
    unlisten();
  }
}

/** Events after number `after` up to number `upTo`, oldest first. */
async function eventsBetween(pool: Pool, filter: AuditFilter, after: number, upTo: number): Promise<AuditEntry[]> {
  const { where, values } = conditions(filter);
  values.push(after, upTo);
  return select(pool, `${where} AND seq > $${values.length - 1} AND seq <= $${values.length} ORDER BY seq`, values);
}

async function select(pool: Pool, rest: string, values: readonly unknown[]): Promise<AuditEntry[]> {
  const result = await pool.query<RowCells>({
    rowMode: "array",
    text: `SELECT ${COLUMNS} FROM audit_event WHERE ${rest}`,
    values: [...values],
  });
  return result.rows.map(toChainRow);
}

function conditions(filter: AuditFilter): { where: string; values: unknown[] } {
  const parts: string[] = ["true"];
  const values: unknown[] = [];
  const add = (condition: (parameter: string) => string, value: unknown): void => {
    if (value !== undefined) {
      values.push(value);
      parts.push(condition(`$${values.length}`));
    }
  };
  add((p) => `event = ANY(${p})`, namesOf(filter.event));
  add((p) => `kind = ${p}`, filter.kind);
  add((p) => `severity = ANY(${p})`, filter.level && severitiesFrom(filter.level));
  add((p) => `outcome = ${p}`, filter.outcome);
  add((p) => `${p} IN (actor_id, actor_type)`, filter.actor);
  add((p) => `user_id = ${p}`, filter.user);
  add((p) => `channel = ${p}`, filter.channel);
  add((p) => `target = ${p}`, filter.target);
  add((p) => `request_id = ${p}`, filter.requestId);
  add((p) => `at >= ${p}`, filter.since);
  add((p) => `at < ${p}`, filter.until);
  add((p) => `seq < ${p}`, filter.before);
  return { where: parts.join(" AND "), values };
}

function namesOf(event: string | undefined): string[] | undefined {
  if (event === undefined) {
    return undefined;
  }
  const names = eventsMatching(event);
  if (names.length === 0) {
    throw new AppError(
      "INVALID_INPUT",
      `No audit event or kind starts with "${event}". docs/audit-events.md lists them.`,
    );
  }
  return names;
}
