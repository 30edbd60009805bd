/**
 * The gateway's way into the record: group commit. While one insert is under way, further events gather and travel together in the next,
 * so that one durable commit is shared by all requests in flight.
 * Fail closed: a promise resolves only after the commit, and rejects when that cannot be promised; the caller then refuses the request.
 */
import type { Pool } from "pg";
import { toEntries, type KindFilter } from "#server/audit/entry.ts";
import { INSERT_BATCH_SQL } from "#server/audit/intake.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { AppError } from "#server/core/errors.ts";
import type { Logger } from "#server/core/log.ts";

export interface AuditWriter {
  /**
   * Resolves once all of `events` are durable; they are stored together or not at all.
   * @throws AppError("AUDIT_UNAVAILABLE") when they may not be. After a lost connection they can exist all the same: a refused request that
   * is on record is harmless, an answered one that is not would be.
   */
  append(events: readonly AuditEventInput[]): Promise<void>;
  /** Stores what is waiting, then refuses everything that comes later. */
  close(): Promise<void>;
}

interface AuditWriterOptions {
  pool: Pool;
  log: Logger;
  /** Events that may wait before further ones are refused; default 20,000. */
  maxPending?: number;
  /** Leaves out kinds the configuration does not list; default: everything is recorded. Read for each event, so a reload takes effect. */
  wanted?: KindFilter;
}

interface Waiter {
  /** JSON of the entries without the enclosing brackets. */
  entries: string;
  count: number;
  resolve: () => void;
  reject: (error: AppError) => void;
}

/** Events in one batch: large enough to share a commit, small enough that nobody waits long behind it. */
const MAX_BATCH_EVENTS = 1_000;
/** UTF-16 units in one batch, which are at most three bytes each: the table takes 4 MiB. */
const MAX_BATCH_UNITS = 1024 * 1024;
/** Milliseconds after which an unanswered insert counts as failed. */
const INSERT_TIMEOUT_MS = 15_000;

export function createAuditWriter(options: AuditWriterOptions): AuditWriter {
  const { pool, log, wanted, maxPending = 20_000 } = options;
  const waiting: Waiter[] = [];
  let pending = 0;
  let closed = false;
  let draining: Promise<void> | null = null;
  /** Said once per outage: a busy gateway would otherwise fill its log with one line per batch. */
  let failing = false;

  async function insert(batch: readonly Waiter[]): Promise<void> {
    const events = `[${batch.map((waiter) => waiter.entries).join(",")}]`;
    const query = { name: "audit-insert", text: INSERT_BATCH_SQL, values: [events], query_timeout: INSERT_TIMEOUT_MS };
    await pool.query(query);
  }

  async function settle(batch: readonly Waiter[]): Promise<void> {
    try {
      await insert(batch);
      if (failing) {
        failing = false;
        log.info("audit: inserts succeed again");
      }
      for (const waiter of batch) {
        waiter.resolve();
      }
    } catch (error) {
      if (batch.length > 1 && isFaultOfContent(error)) {
        // One request's events are at fault: each request's go in alone, so that only that one is refused.
        for (const waiter of batch) {
          await settle([waiter]);
        }
        return;
      }
      if (!failing) {
        failing = true;
        log.error({ err: error }, "audit: inserts fail, requests are refused until they succeed again");
      }
      for (const waiter of batch) {
        waiter.reject(unavailable("the audit record cannot be written", error));
      }
    }
  }

  async function drain(): Promise<void> {
    // Lets every request that became ready in this turn of the event loop join the first insert.
    await new Promise((resolve) => setImmediate(resolve));
    while (waiting.length > 0) {
      const batch = takeBatch(waiting);
      await settle(batch);
      pending -= batch.reduce((sum, waiter) => sum + waiter.count, 0);
    }
    draining = null;
  }

  return {
    async append(events) {
      const entries = toEntries(events, wanted);
      if (entries.length === 0) {
        return;
      }
      if (closed) {
        throw unavailable("the gateway is shutting down");
      }
      if (pending + entries.length > maxPending) {
        throw unavailable(`${pending} audit events are already waiting for the database`);
      }
      pending += entries.length;
      const done = new Promise<void>((resolve, reject) => {
        waiting.push({ entries: JSON.stringify(entries).slice(1, -1), count: entries.length, resolve, reject });
      });
      draining ??= drain();
      await done;
    },
    async close() {
      closed = true;
      await draining;
    },
  };
}

function takeBatch(waiting: Waiter[]): Waiter[] {
  let events = 0;
  let units = 0;
  let take = 0;
  for (const waiter of waiting) {
    events += waiter.count;
    units += waiter.entries.length;
    if (take > 0 && (events > MAX_BATCH_EVENTS || units > MAX_BATCH_UNITS)) {
      break;
    }
    take += 1;
  }
  return waiting.splice(0, take);
}

/** SQLSTATE classes 22 (data) and 23 (constraint): the fault lies in what was sent, not in the connection or the server. */
function isFaultOfContent(error: unknown): boolean {
  return typeof error === "object" && error !== null && "code" in error && /^2[23]/.test(String(error.code));
}

function unavailable(because: string, cause?: unknown): AppError {
  return new AppError("AUDIT_UNAVAILABLE", `Refused because ${because}. Check that PostgreSQL runs and try again.`, {
    cause,
  });
}
