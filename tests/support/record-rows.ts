/** Sealed rows for tests of the record's files, which look at the lines and not at the chain. */
import { randomBytes } from "node:crypto";
import type { SealedRow } from "#server/audit/chain.ts";

interface RowOptions {
  at?: Date;
  /** Stands in the target and the data of each row. */
  text?: string;
}

export function sealedRows(from: number, count: number, { at = new Date(), text = "x" }: RowOptions = {}): SealedRow[] {
  return Array.from({ length: count }, (_, index) => ({
    row: {
      actorId: "abcdefghijkl",
      actorType: "token",
      address: "127.0.0.1",
      at: at.toISOString(),
      because: "roles.admin",
      channel: "api",
      code: "OCM001I",
      correlationId: undefined,
      data: { text },
      event: "message.received",
      kind: "message_receive",
      outcome: "ok",
      reason: "allowed",
      requestId: `req_${from + index}`,
      seq: from + index,
      severity: "info",
      target: text,
      tokenId: "abcdefghijkl",
      userId: "user1",
    },
    hash: randomBytes(32),
  }));
}
