/** From the event the code hands in to the row that is stored. Every path into the table goes through here, so all rows are sanitised alike. */
import { meaningOf } from "#server/audit/events.ts";
import { sanitizeData, sanitizeText } from "#server/audit/sanitize.ts";
import type { AuditData, AuditEventInput, AuditKind, AuditSeverity } from "#server/audit/schema.ts";

/** Column names and values of one row, before the sealer gives it `seq` and `hash`. */
interface UnsealedRow {
  /** ISO 8601, UTC, milliseconds. */
  at: string;
  event: string;
  code: string;
  kind: AuditKind;
  severity: AuditSeverity;
  outcome: string;
  actor_type: string;
  actor_id: string;
  token_id: string | null;
  user_id: string | null;
  channel: string | null;
  address: string | null;
  request_id: string | null;
  correlation_id: string | null;
  target: string | null;
  reason: string | null;
  because: string | null;
  data: AuditData;
}

/** Decides by kind whether an event is wanted (`logging.audit.events`); see `selection.ts`. */
export type KindFilter = (kind: AuditKind) => boolean;

/** The stored form of those of `events` that are wanted. */
export function toRows(events: readonly AuditEventInput[], wanted: KindFilter | undefined): UnsealedRow[] {
  const rows: UnsealedRow[] = [];
  for (const event of events) {
    const meaning = meaningOf(event.event);
    if (wanted === undefined || wanted(meaning.kind)) {
      rows.push({
        at: timeOf(event.at),
        event: event.event,
        code: meaning.code,
        kind: meaning.kind,
        severity: meaning.severity,
        outcome: event.outcome,
        actor_type: event.actor.type,
        actor_id: text(event.actor.id) ?? "",
        token_id: text(event.tokenId),
        user_id: text(event.userId),
        channel: text(event.channel),
        address: text(event.address),
        request_id: text(event.requestId),
        correlation_id: text(event.correlationId),
        target: text(event.target),
        reason: text(event.reason),
        because: text(event.because),
        data: sanitizeData(event.data),
      });
    }
  }
  return rows;
}

const text = (value: unknown): string | null => {
  if (typeof value === "string") {
    return sanitizeText(value);
  }
  return typeof value === "number" || typeof value === "bigint" || typeof value === "boolean" ? String(value) : null;
};

const LATEST_MS = Date.UTC(10_000, 0, 1);

/** A time outside 1970–9999 is a mistake of the caller: the time of writing is then nearer the truth. */
function timeOf(at: Date | undefined): string {
  const given = at?.getTime();
  const sane = given !== undefined && given >= 0 && given < LATEST_MS;
  return new Date(sane ? given : Date.now()).toISOString();
}

/**
 * One statement for any number of rows: `$1` is their JSON. It names no `id`, `seq` or `hash`, which the roles of the gateway may not write.
 */
export const INSERT_ROWS_SQL = `
INSERT INTO audit_event (at, event, code, kind, severity, outcome, actor_type, actor_id, token_id, user_id,
  channel, address, request_id, correlation_id, target, reason, because, data)
SELECT at, event, code, kind, severity, outcome, actor_type, actor_id, token_id, user_id,
  channel, address, request_id, correlation_id, target, reason, because, data
FROM json_to_recordset($1::json) AS row(at timestamptz, event text, code text, kind text, severity text, outcome text,
  actor_type text, actor_id text, token_id text, user_id text, channel text, address text, request_id text,
  correlation_id text, target text, reason text, because text, data jsonb)`;
