/**
 * Records events inside the caller's transaction: the change and its record are stored together or not at all.
 * For mutations; the gateway's hot path uses `writer.ts`.
 */
import { toEntries, type KindFilter } from "#server/audit/entry.ts";
import { INSERT_BATCH_SQL, type Queryable } from "#server/audit/intake.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { isRecorded } from "#server/audit/surroundings.ts";
import type { Tx } from "#server/core/db/client.ts";

/**
 * Adds `events` to the record as part of `tx`; a failure fails the transaction.
 * @param wanted leaves out kinds that `logging.audit.events` does not list; default: what this process records (`recordOnly`).
 */
export async function recordEvents(
  tx: Tx,
  events: readonly AuditEventInput[],
  wanted: KindFilter = isRecorded,
): Promise<void> {
  const entries = toEntries(events, wanted);
  if (entries.length > 0) {
    await tx.$executeRawUnsafe(INSERT_BATCH_SQL, JSON.stringify(entries));
  }
}

/** What one row of the intake holds for `events`: JSON, `[]` when none of them is wanted. For statements that store more than the record. */
export const auditBatch = (events: readonly AuditEventInput[]): string => JSON.stringify(toEntries(events, isRecorded));

/** The same on a connection of its own, for what runs its transaction without Prisma. */
export async function recordEventsOn(
  db: Queryable,
  events: readonly AuditEventInput[],
  wanted?: KindFilter,
): Promise<void> {
  const entries = toEntries(events, wanted);
  if (entries.length > 0) {
    await db.query(INSERT_BATCH_SQL, [JSON.stringify(entries)]);
  }
}
