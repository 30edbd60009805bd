/** Events for tests of the record. */
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
