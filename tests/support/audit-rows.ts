/** Sealed rows put into the record by SQL, with their tally: for tests of reading, which need rows and no chain. */
import { meaningOf, type AuditEventName } from "#server/audit/events.ts";
import type { AuditData } from "#server/audit/schema.ts";

export interface TestRow {
  event: AuditEventName;
  outcome?: string;
  /** Milliseconds since 1970. */
  at: number;
  actorType?: string;
  actorId?: string;
  tokenId?: string | undefined;
  userId?: string | undefined;
  channel?: string | undefined;
  address?: string | undefined;
  requestId?: string | undefined;
  correlationId?: string | undefined;
  target?: string | undefined;
  reason?: string | undefined;
  because?: string | undefined;
  data?: AuditData;
}

/** Appends rows behind those that are there. @param sql runs as the owner of the database. */
export async function insertSealed(
  sql: (text: string, values?: unknown[]) => Promise<unknown>,
  rows: readonly TestRow[],
): Promise<void> {
  const complete = rows.map((row) => ({
    outcome: "ok",
    actorType: "token",
    actorId: "abcdefghijkl",
    data: {},
    ...row,
    ...meaningOf(row.event),
  }));
  await sql(
    `WITH sealed AS (
       INSERT INTO audit_event (seq, at, event, code, kind, severity, outcome, actor_type, actor_id, token_id, user_id, channel, address,
         request_id, correlation_id, target, reason, because, data, hash)
       SELECT (SELECT coalesce(max(seq), 0) FROM audit_event) + n, to_timestamp(at / 1000.0), event, code, kind, severity, outcome,
         "actorType", "actorId", "tokenId", "userId", channel, address, "requestId", "correlationId", target, reason, because, data,
         sha256(int8send(n))
       FROM ROWS FROM (json_to_recordset($1::json) AS (at bigint, event text, code text, kind text, severity text, outcome text,
         "actorType" text, "actorId" text, "tokenId" text, "userId" text, channel text, address text, "requestId" text,
         "correlationId" text, target text, reason text, because text, data jsonb)) WITH ORDINALITY
         AS row(at, event, code, kind, severity, outcome, "actorType", "actorId", "tokenId", "userId", channel, address, "requestId",
           "correlationId", target, reason, because, data, n)
       RETURNING seq, at, event, outcome
     )
     INSERT INTO audit_tally (hour, event, outcome, count, min_seq, max_seq)
     SELECT date_trunc('hour', at, 'UTC'), event, outcome, count(*), min(seq), max(seq) FROM sealed GROUP BY 1, 2, 3
     ON CONFLICT (hour, event, outcome) DO UPDATE SET count = audit_tally.count + excluded.count,
       max_seq = greatest(audit_tally.max_seq, excluded.max_seq)`,
    [JSON.stringify(complete)],
  );
}
