/** Notices of keys that are due: once for each key, cycle and kind, however many servers look and however often they start anew. */
import { recordEvents } from "#server/audit/index.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import type { Config } from "#server/config/schema.ts";
import { withTx, type Db } from "#server/core/db/client.ts";
import { keyAge, type RotationRule } from "#server/key-rotation/policy.ts";
import { GATEWAY } from "#server/key-rotation/services.ts";

const DAY_MS = 86_400_000;

export const ruleOf = ({ security }: Pick<Config, "security">): RotationRule => ({
  intervalMs: security.keyRotation.interval,
  notifyBeforeMs: security.keyRotation.notifyBefore,
});

/** @returns how many went out; none while `security.keyRotation.enabled` is false */
export async function sendNotices(db: Db, config: Pick<Config, "security">, now: Date): Promise<number> {
  if (!config.security.keyRotation.enabled) {
    return 0;
  }
  return withTx(db, async (tx) => {
    const events: AuditEventInput[] = [];
    for (const { id, rotatedAt, source } of await tx.trackedKey.findMany({ where: { removedAt: null } })) {
      const { state, dueAt, ageMs } = keyAge(rotatedAt.getTime(), ruleOf(config), now.getTime());
      if (state !== "due_soon" && state !== "overdue") {
        continue;
      }
      const kind = state === "overdue" ? "overdue" : "due";
      const { count } = await tx.keyNotice.createMany({
        data: [{ keyId: id, cycle: rotatedAt, kind, at: now }],
        skipDuplicates: true,
      });
      if (count > 0) {
        events.push({
          event: kind === "overdue" ? "key.overdue" : "key.due",
          outcome: "ok",
          actor: GATEWAY,
          target: id,
          because: "security.keyRotation",
          data: {
            ageDays: Math.floor((ageMs ?? 0) / DAY_MS),
            dueAt: new Date(dueAt ?? 0).toISOString(),
            source,
          },
        });
      }
    }
    await recordEvents(tx, events);
    return events.length;
  });
}
