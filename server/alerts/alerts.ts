/** Alerts that fire and that fired, and taking one on. */
import { beforeId } from "#server/alerts/cursor.ts";
import type { AlertDetail, AlertFilter, AlertPage, AlertView } from "#server/alerts/console-schema.ts";
import { Condition } from "#server/alerts/schema.ts";
import { conditionText } from "#server/alerts/summary.ts";
import { recordEvents } from "#server/audit/index.ts";
import type { Actor } from "#server/audit/schema.ts";
import type { Db } from "#server/core/db/client.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError } from "#server/core/errors.ts";

const SHOWN = {
  id: true,
  ruleId: true,
  ruleName: true,
  subject: true,
  severity: true,
  state: true,
  value: true,
  summary: true,
  startedAt: true,
  firedAt: true,
  resolvedAt: true,
  notifiedAt: true,
  silencedBy: true,
  flaps: true,
  acknowledgedAt: true,
  acknowledgedBy: true,
} as const;

/** The newest first. */
export async function listAlerts(db: Db, filter: AlertFilter): Promise<AlertPage> {
  const { limit, cursor, open, severity, ruleId } = filter;
  const rows = await db.alert.findMany({
    where: {
      ...(open === undefined ? {} : { state: open ? { not: "resolved" } : "resolved" }),
      ...(severity === undefined ? {} : { severity }),
      ...(ruleId === undefined ? {} : { ruleId }),
      ...beforeId(cursor, "alt"),
    },
    orderBy: { id: "desc" },
    take: limit + 1,
    select: SHOWN,
  });
  const page = rows.slice(0, limit);
  return { alerts: page.map(viewOf), nextCursor: rows.length > limit ? (page.at(-1)?.id ?? null) : null };
}

/** @throws AppError NOT_FOUND */
export async function getAlert(db: Db, id: string): Promise<AlertDetail> {
  const row = await db.alert.findUnique({ where: { id }, select: { ...SHOWN, firstSeq: true, lastSeq: true } });
  if (row === null) {
    throw new AppError("NOT_FOUND", "There is no alert with this id. Resolved alerts are kept for 90 days.");
  }
  const [rule, notices] = await Promise.all([
    db.alertRule.findUnique({ where: { id: row.ruleId }, select: { condition: true } }),
    db.alertNotice.findMany({ where: { alertId: id }, orderBy: { id: "desc" }, take: 100 }),
  ]);
  const [points, deliveries] = await Promise.all([
    db.contactPoint.findMany({
      where: { id: { in: notices.map(({ pointId }) => pointId) } },
      select: { id: true, name: true },
    }),
    db.alertDelivery.findMany({
      where: { id: { in: notices.flatMap(({ deliveryId }) => (deliveryId === null ? [] : [deliveryId])) } },
      select: { id: true, state: true },
    }),
  ]);
  const condition = Condition.safeParse(rule?.condition).data;
  const { firstSeq, lastSeq, ...rest } = row;
  return {
    ...viewOf(rest),
    condition: condition === undefined ? "" : conditionText(condition),
    firstSeq: firstSeq === null ? null : Number(firstSeq),
    lastSeq: lastSeq === null ? null : Number(lastSeq),
    told: notices.map(({ createdAt, kind, pointId, deliveryId }) => ({
      at: createdAt,
      kind: kind as AlertDetail["told"][number]["kind"],
      point: points.find((point) => point.id === pointId)?.name ?? pointId,
      deliveryId,
      state: (deliveries.find((delivery) => delivery.id === deliveryId)?.state ??
        null) as AlertDetail["told"][number]["state"],
    })),
  };
}

/** Nobody is reminded of it any more; its end is told. @throws AppError NOT_FOUND, CONFLICT for one that is over or taken on already */
export async function acknowledgeAlert(db: Db, actor: Actor, id: string, now: Date): Promise<void> {
  await withTx(db, async (tx) => {
    const row = await tx.alert.findUnique({
      where: { id },
      select: { state: true, ruleName: true, subject: true, acknowledgedBy: true },
    });
    if (row === null) {
      throw new AppError("NOT_FOUND", "There is no alert with this id.");
    }
    const { count } = await tx.alert.updateMany({
      where: { id, state: { in: ["firing", "recovering"] }, acknowledgedAt: null },
      data: { acknowledgedAt: now, acknowledgedBy: `${actor.type}:${actor.id}` },
    });
    if (count === 0) {
      throw new AppError(
        "CONFLICT",
        row.acknowledgedBy === null
          ? `Only an alert that fires can be acknowledged; this one is ${row.state}.`
          : `This alert was acknowledged by ${row.acknowledgedBy} already.`,
      );
    }
    await recordEvents(tx, [
      {
        event: "alert.acknowledged",
        outcome: "ok",
        actor,
        target: id,
        data: { rule: row.ruleName, subject: row.subject },
      },
    ]);
  });
}

function viewOf({
  ruleName,
  severity,
  state,
  ...row
}: Omit<AlertView, "rule" | "severity" | "state"> & { ruleName: string; severity: string; state: string }): AlertView {
  // Checked by the table.
  return { ...row, rule: ruleName, severity: severity as AlertView["severity"], state: state as AlertView["state"] };
}
