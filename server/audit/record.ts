/**
 * Records events inside the caller's transaction: the change and its record are stored together or not at all.
 * For mutations; the gateway's hot path uses `writer.ts`.
 */
import { toEntries, type KindFilter } from "#server/audit/entry.ts";
import { INSERT_BATCH_SQL } from "#server/audit/intake.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import type { Tx } from "#server/core/db/client.ts";

/**
 * Adds `events` to the record as part of `tx`; a failure fails the transaction.
 * @param wanted leaves out kinds that `logging.audit.events` does not list; default: everything is recorded.
 */
export async function recordEvents(tx: Tx, events: readonly AuditEventInput[], wanted?: KindFilter): Promise<void> {
  const entries = toEntries(events, wanted);
  if (entries.length > 0) {
    await tx.$executeRawUnsafe(INSERT_BATCH_SQL, JSON.stringify(entries));
  }
}
