/** The log of notifications, sending one again, and sending a test. */
import { beforeId } from "#server/alerts/cursor.ts";
import type { DeliveryDetail, DeliveryFilter, DeliveryPage, DeliveryView } from "#server/alerts/console-schema.ts";
import { DELIVERY_WAITS } from "#server/alerts/deliver/queue.ts";
import { headline, Notification, testNotification } from "#server/alerts/notification.ts";
import { recordEvents } from "#server/audit/index.ts";
import type { Actor } from "#server/audit/schema.ts";
import type { Db, Tx } from "#server/core/db/client.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError } from "#server/core/errors.ts";
import { newAlertDeliveryId } from "#server/core/ids.ts";

const SHOWN = {
  id: true,
  pointId: true,
  pointName: true,
  kind: true,
  content: true,
  state: true,
  reason: true,
  attempts: true,
  nextAttemptAt: true,
  createdAt: true,
  finishedAt: true,
} as const;

/** The newest first. */
export async function listAlertDeliveries(db: Db, filter: DeliveryFilter): Promise<DeliveryPage> {
  const { limit, cursor, state, pointId } = filter;
  const rows = await db.alertDelivery.findMany({
    where: {
      ...(state === undefined ? {} : { state }),
      ...(pointId === undefined ? {} : { pointId }),
      ...beforeId(cursor, "ntf"),
    },
    orderBy: { id: "desc" },
    take: limit + 1,
    select: SHOWN,
  });
  const page = rows.slice(0, limit);
  return { deliveries: page.map(viewOf), nextCursor: rows.length > limit ? (page.at(-1)?.id ?? null) : null };
}

/** @throws AppError NOT_FOUND */
export async function getAlertDelivery(db: Db, id: string): Promise<DeliveryDetail> {
  const row = await db.alertDelivery.findUnique({
    where: { id },
    select: { ...SHOWN, tries: { orderBy: { number: "asc" } } },
  });
  if (row === null) {
    throw new AppError("NOT_FOUND", "There is no notification with this id. They are kept for 30 days.");
  }
  const { tries, ...rest } = row;
  return {
    ...viewOf(rest),
    alerts: Notification.safeParse(row.content).data?.alerts ?? [],
    tries: tries.map(({ deliveryId: _, outcome, ...one }) => ({
      ...one,
      outcome: outcome as DeliveryDetail["tries"][number]["outcome"],
    })),
  };
}

/** Sends a finished notification again, under its old id: a receiver that has it already knows it again. @throws AppError NOT_FOUND, CONFLICT */
export async function resendAlertDelivery(db: Db, actor: Actor, id: string, now: Date): Promise<void> {
  await withTx(db, async (tx) => {
    const row = await tx.alertDelivery.findUnique({
      where: { id },
      select: { state: true, pointId: true, pointName: true },
    });
    if (row === null) {
      throw new AppError("NOT_FOUND", "There is no notification with this id.");
    }
    const { count } = await tx.alertDelivery.updateMany({
      where: { id, state: { not: "waiting" } },
      data: {
        state: "waiting",
        reason: null,
        attempts: 0,
        settled: [],
        nextAttemptAt: now,
        finishedAt: null,
        workerId: null,
        leasedUntil: null,
      },
    });
    if (count === 0) {
      throw new AppError("CONFLICT", "This notification is still being sent.");
    }
    await tx.alertAttempt.deleteMany({ where: { deliveryId: id } });
    await announce(tx, actor, id, "resend", row);
  });
}

/** @returns the id of the test, to be followed in the log. @throws AppError NOT_FOUND */
export async function sendPointTest(
  db: Db,
  actor: Actor,
  pointId: string,
  { origin, now }: { origin: string; now: Date },
): Promise<{ id: string }> {
  const id = newAlertDeliveryId(now.getTime());
  await withTx(db, async (tx) => {
    const point = await tx.contactPoint.findUnique({ where: { id: pointId }, select: { name: true } });
    if (point === null) {
      throw new AppError("NOT_FOUND", "There is no contact point with this id. It may have been removed.");
    }
    await tx.alertDelivery.create({
      data: {
        id,
        pointId,
        pointName: point.name,
        groupKey: id,
        kind: "test",
        content: testNotification(origin, id, now),
        nextAttemptAt: now,
        createdAt: now,
      },
    });
    await announce(tx, actor, id, "test", { pointId, pointName: point.name });
  });
  return { id };
}

async function announce(
  tx: Tx,
  actor: Actor,
  id: string,
  reason: "test" | "resend",
  { pointId, pointName }: { pointId: string; pointName: string },
): Promise<void> {
  await tx.$executeRaw`SELECT pg_notify(${DELIVERY_WAITS}, '')`;
  await recordEvents(tx, [
    {
      event: "alert.delivery_requested",
      outcome: "ok",
      actor,
      target: id,
      reason,
      because: pointId,
      data: { name: pointName },
    },
  ]);
}

function viewOf({
  content,
  kind,
  state,
  ...row
}: Omit<DeliveryView, "title" | "kind" | "state"> & { content: unknown; kind: string; state: string }): DeliveryView {
  const notification = Notification.safeParse(content).data;
  // Checked by the table.
  return {
    ...row,
    kind: kind as DeliveryView["kind"],
    state: state as DeliveryView["state"],
    title: notification === undefined ? "" : headline(notification),
  };
}
