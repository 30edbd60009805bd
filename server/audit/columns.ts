/** The columns of `audit_event` in the form the chain hashes: one list and one mapping for verifying, the mirror and queries. */
import type { ChainRow } from "#server/audit/chain.ts";
import type { AuditData } from "#server/audit/schema.ts";

// The time as milliseconds: parsing timestamps as text would cost more than hashing the row. Infinity has no number; one that a tamperer
// left must not stop a reader.
export const COLUMNS = `actor_id, actor_type, address,
  CASE WHEN isfinite(at) THEN (extract(epoch FROM at) * 1000)::bigint WHEN at > now() THEN 9e15 ELSE -9e15 END::bigint, because, channel, code, correlation_id,
  data, event, kind, outcome, reason, request_id, seq, severity, target, token_id, user_id`;

type Nullable = string | null;

/** One row as `COLUMNS` gives it in array mode; `hash` follows where it is asked for. */
export type RowCells = [
  actorId: string,
  actorType: string,
  address: Nullable,
  atMs: number,
  because: Nullable,
  channel: Nullable,
  code: string,
  correlationId: Nullable,
  data: AuditData,
  event: string,
  kind: string,
  outcome: string,
  reason: Nullable,
  requestId: Nullable,
  seq: number,
  severity: string,
  target: Nullable,
  tokenId: Nullable,
  userId: Nullable,
  hash: Buffer,
];

export function toChainRow(cells: RowCells): ChainRow {
  return {
    actorId: cells[0],
    actorType: cells[1],
    address: cells[2] ?? undefined,
    at: timeText(cells[3]),
    because: cells[4] ?? undefined,
    channel: cells[5] ?? undefined,
    code: cells[6],
    correlationId: cells[7] ?? undefined,
    data: cells[8],
    event: cells[9],
    kind: cells[10],
    outcome: cells[11],
    reason: cells[12] ?? undefined,
    requestId: cells[13] ?? undefined,
    seq: cells[14],
    severity: cells[15],
    target: cells[16] ?? undefined,
    tokenId: cells[17] ?? undefined,
    userId: cells[18] ?? undefined,
  };
}

/** The last millisecond a JavaScript date can be; PostgreSQL's reach further. */
const LAST_MS = 8.64e15;

function timeText(ms: number): string {
  return Math.abs(ms) <= LAST_MS ? new Date(ms).toISOString() : `${ms} ms`;
}
