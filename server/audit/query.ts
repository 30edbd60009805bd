/** Reading the record: filtered pages, newest first, and following it live. */
import type { Pool } from "pg";
import type { ChainRow } from "#server/audit/chain.ts";
import { COLUMNS, seqOf, toChainRow, type RowCells } from "#server/audit/columns.ts";
import { eventsMatching, severitiesFrom, type AuditFilter } from "#server/audit/filter.ts";
import { createSignal } from "#server/audit/signal.ts";
import type { NotifyHub } from "#server/core/db/notify.ts";
import { AppError } from "#server/core/errors.ts";

/** One event as readers see it. */
export interface AuditEntry extends Omit<ChainRow, "seq"> {
  /** Place in the sealed chain; null for the moment until the sealer comes to it. */
  seq: number | null;
}

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
  const found = await select(pool, `${where} ORDER BY id DESC LIMIT $${values.length}`, values);
  const events = found.slice(0, filter.limit);
  return { events, next: found.length > filter.limit ? (events.at(-1)?.id ?? null) : null };
}

/** Ids behind the newest one that are looked at again: a transaction may commit after others that began later. */
const LOOKBACK = 1_000;
const POLL_MS = 2_000;

/** First the newest events of `filter`, then each new one as it is committed, oldest first, until `signal` aborts. */
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
    let newest = await readNewestId(pool);
    // Known before the page is read, so that what is committed in between is neither lost nor shown twice.
    const seen = new Set((await eventsAfter(pool, filter, newest - LOOKBACK)).map((event) => event.id));
    const page = await listEvents(pool, filter);
    page.events.forEach((event) => seen.add(event.id));
    yield page.events.toReversed();
    while (!signal.aborted) {
      await news.wait(POLL_MS);
      const fresh = (await eventsAfter(pool, filter, newest - LOOKBACK)).filter((event) => !seen.has(event.id));
      fresh.forEach((event) => seen.add(event.id));
      newest = Math.max(newest, fresh.at(-1)?.id ?? 0);
      forget(seen, newest - LOOKBACK);
      if (fresh.length > 0) {
        yield fresh;
      }
    }
  } finally {
    unlisten();
  }
}

function forget(seen: Set<number>, upTo: number): void {
  for (const id of seen) {
    if (id <= upTo) {
      seen.delete(id);
    }
  }
}

async function eventsAfter(pool: Pool, filter: AuditFilter, id: number): Promise<AuditEntry[]> {
  const { where, values } = conditions(filter);
  values.push(id);
  return select(pool, `${where} AND id > $${values.length} ORDER BY id`, values);
}

async function readNewestId(pool: Pool): Promise<number> {
  const result = await pool.query<{ id: number }>("SELECT coalesce(max(id), 0) AS id FROM audit_event");
  return result.rows[0]?.id ?? 0;
}

async function select(pool: Pool, rest: string, values: readonly unknown[]): Promise<AuditEntry[]> {
  const result = await pool.query<RowCells>({
    rowMode: "array",
    text: `SELECT ${COLUMNS} FROM audit_event WHERE ${rest}`,
    values: [...values],
  });
  return result.rows.map((cells) => ({ ...toChainRow(cells, 0), seq: seqOf(cells) }));
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
  add((p) => `id < ${p}`, filter.before);
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
