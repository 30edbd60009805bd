/**
 * Records events inside the caller's transaction: the change and its record are stored together or not at all.
 * For mutations; the gateway's hot path uses `writer.ts`.
 */
import { INSERT_ROWS_SQL, toRows, type KindFilter } from "#server/audit/row.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import type { Tx } from "#server/core/db/client.ts";

/**
 * Adds `events` to the record as part of `tx`; a failure fails the transaction.
 * @param wanted leaves out kinds that `logging.audit.events` does not list; default: everything is recorded.
 */
export async function recordEvents(tx: Tx, events: readonly AuditEventInput[], wanted?: KindFilter): Promise<void> {
  const rows = toRows(events, wanted);
  if (rows.length > 0) {
    await tx.$executeRawUnsafe(INSERT_ROWS_SQL, JSON.stringify(rows));
  }
}
