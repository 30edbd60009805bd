/** Reminders of upkeep that is due: once for each item and cycle, however many servers look. */
import { recordEvents } from "#server/audit/index.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { withTx, type Db } from "#server/core/db/client.ts";
import type { DueItem } from "#server/maintenance/schema.ts";

const NEVER = new Date(0);

/** @returns how many went out */
export async function remind(db: Db, items: readonly DueItem[], now: Date): Promise<number> {
  return withTx(db, async (tx) => {
    const events: AuditEventInput[] = [];
    for (const { item, lastAt, dueAt, state } of items) {
      if (state !== "due") {
        continue;
      }
      const row = { item, cycle: lastAt ?? NEVER, at: now };
      const { count } = await tx.maintenanceNotice.createMany({ data: [row], skipDuplicates: true });
      if (count > 0) {
        events.push({
          event: "maintenance.due",
          outcome: "ok",
          actor: { type: "system", id: "maintenance" },
          target: item,
          because: "security.maintenance",
          data: { last: lastAt?.toISOString() ?? null, dueAt: (dueAt ?? now).toISOString() },
        });
      }
    }
    await recordEvents(tx, events);
    return events.length;
  });
}
