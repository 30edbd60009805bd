/** Events for tests of the record, and all that is durable of it, sealed or not. */
import type { AuditEventInput } from "#server/audit/schema.ts";

/** The n-th message of a test; its number can be read back from `requestId` and `data.n`. */
export function messageEvent(n: number): AuditEventInput {
  return {
    event: "message.received",
    outcome: "ok",
    actor: { type: "token", id: "abcdefghijkl" },
    tokenId: "abcdefghijkl",
    userId: `user${n % 7}`,
    channel: "api",
    address: "127.0.0.1",
    requestId: `req_${n}`,
    data: { n, "10": "ten", "9": ["nine", { z: null, a: true }] },
  };
}

/**
 * Subquery over everything that is on record, for the owner of the database: sealed rows, then the batches that wait for the sealer.
 * `n` counts in the order of recording. Tests without a sealer see with it what was durable when they were answered.
 */
export const RECORDED = `(
  SELECT row_number() OVER (ORDER BY waiting, place, part) AS n, record.* FROM (
    SELECT false AS waiting, seq AS place, 0 AS part, event, outcome, actor_type, actor_id, user_id, address, target, request_id, reason, because, data
    FROM audit_event
    UNION ALL
    SELECT true, batch.id, entry.part, event, outcome, "actorType", "actorId", "userId", address, target, "requestId", reason, because,
      coalesce(data, '{}')
    FROM audit_intake AS batch, ROWS FROM (
      json_to_recordset(batch.events::json) AS (event text, outcome text, "actorType" text, "actorId" text, "userId" text,
        address text, target text, "requestId" text, reason text, because text, data jsonb)
    ) WITH ORDINALITY AS entry(event, outcome, "actorType", "actorId", "userId", address, target, "requestId", reason, because, data, part)
  ) AS record
)`;
