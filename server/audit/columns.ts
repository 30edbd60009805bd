/** The columns of `audit_event` in the form the chain hashes: one list and one mapping for sealing, verifying, the mirror and queries. */
import type { ChainRow } from "#server/audit/chain.ts";
import type { AuditData } from "#server/audit/schema.ts";

// The time as milliseconds: parsing timestamps as text would cost more than hashing the row. Infinity has no number; a planted one must not
// stop the sealer.
export const COLUMNS = `actor_id, actor_type, address,
  CASE WHEN isfinite(at) THEN (extract(epoch FROM at) * 1000)::bigint WHEN at > now() THEN 9e15 ELSE -9e15 END::bigint, because, channel, code, correlation_id,
  data, event, id, kind, outcome, reason, request_id, seq, severity, target, token_id, user_id`;

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
  id: number,
  kind: string,
  outcome: string,
  reason: Nullable,
  requestId: Nullable,
  seq: number | null,
  severity: string,
  target: Nullable,
  tokenId: Nullable,
  userId: Nullable,
  hash: Buffer | null,
];

/** Null while the sealer has not come to the row. */
export const seqOf = (cells: RowCells): number | null => cells[15];

export function toChainRow(cells: RowCells, seq: number): ChainRow {
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
    id: cells[10],
    kind: cells[11],
    outcome: cells[12],
    reason: cells[13] ?? undefined,
    requestId: cells[14] ?? undefined,
    seq,
    severity: cells[16],
    target: cells[17] ?? undefined,
    tokenId: cells[18] ?? undefined,
    userId: cells[19] ?? undefined,
  };
}

/** The last millisecond a JavaScript date can be; PostgreSQL's reach further. */
const LAST_MS = 8.64e15;

function timeText(ms: number): string {
  return Math.abs(ms) <= LAST_MS ? new Date(ms).toISOString() : `${ms} ms`;
}
