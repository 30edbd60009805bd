/** The delivery log: what came in, what became of it, and what was sent. Never what was written. */
import { recordEvents } from "#server/audit/index.ts";
import type { Actor } from "#server/audit/schema.ts";
import type { DeliveryDetail, DeliveryFilter, DeliveryPage } from "#server/channels/console-schema.ts";
import { WORK_WAITS } from "#server/channels/worker/claim.ts";
import type { Db } from "#server/core/db/client.ts";
import { afterOrderedId } from "#server/channels/delivery-cursor.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError } from "#server/core/errors.ts";

const SHOWN = {
  id: true,
  channel: true,
  kind: true,
  senderId: true,
  conversationId: true,
  state: true,
  reason: true,
  userId: true,
  runId: true,
  requestId: true,
  attempt: true,
  acceptedAt: true,
  finishedAt: true,
} as const;

/** Newest first. */
export async function listDeliveries(db: Db, filter: DeliveryFilter): Promise<DeliveryPage> {
  const { limit, cursor, channel, state, sender } = filter;
  const rows = await db.channelDelivery.findMany({
    where: {
      ...(channel === undefined ? {} : { channel }),
      ...(state === undefined ? {} : { state }),
      ...(sender === undefined ? {} : { senderId: sender }),
      ...afterOrderedId(cursor),
    },
    orderBy: { id: "desc" },
    take: limit + 1,
    select: SHOWN,
  });
  const page = rows.slice(0, limit);
  return { deliveries: page.map(view), nextCursor: rows.length > limit ? (page.at(-1)?.id ?? null) : null };
}

/** @throws AppError NOT_FOUND */
export async function getDelivery(db: Db, id: string): Promise<DeliveryDetail> {
  const row = await db.channelDelivery.findUnique({
    where: { id },
    select: {
      ...SHOWN,
      eventId: true,
      replies: {
        orderBy: { part: "asc" },
        select: { id: true, part: true, state: true, attempts: true, reason: true, sentAt: true, nextAttemptAt: true },
      },
    },
  });
  if (row === null) {
    throw new AppError("NOT_FOUND", "There is no delivery with this id. Deliveries are kept for 30 days.");
  }
  const { eventId, replies, ...rest } = row;
  return { ...view(rest), eventId, replies: replies as DeliveryDetail["replies"] };
}

/**
 * Takes a failed delivery up again: its unsent replies, or all of it where there are none.
 * A part that may have arrived is sent again too: whoever asks has looked.
 * @throws AppError NOT_FOUND, CONFLICT for one that has not failed
 */
export async function retryDelivery(db: Db, actor: Actor, id: string): Promise<void> {
  await withTx(db, async (tx) => {
    const row = await tx.channelDelivery.findUnique({
      where: { id },
      select: { state: true, channel: true, replies: { select: { id: true } } },
    });
    if (row === null) {
      throw new AppError("NOT_FOUND", "There is no delivery with this id.");
    }
    const from = row.replies.length === 0 ? "start" : "replies";
    const { count } = await tx.channelDelivery.updateMany({
      where: { id, state: "failed" },
      data: {
        state: from === "start" ? "accepted" : "replying",
        reason: null,
        finishedAt: null,
        workerId: null,
        leasedUntil: null,
        attempt: 0,
      },
    });
    if (count === 0) {
      throw new AppError("CONFLICT", `Only a failed delivery can be tried again; this one is ${row.state}.`);
    }
    await tx.channelReply.updateMany({
      where: { deliveryId: id, state: "failed" },
      data: { state: "pending", attempts: 0, reason: null, nextAttemptAt: new Date() },
    });
    await tx.$executeRaw`SELECT pg_notify(${WORK_WAITS}, '')`;
    await recordEvents(tx, [
      { event: "channel.delivery_retried", outcome: "ok", actor, channel: row.channel, target: id, data: { from } },
    ]);
  });
}

function view<Row extends { state: string; kind: string }>(
  row: Row,
): Row & Pick<DeliveryPage["deliveries"][number], "state" | "kind"> {
  // Checked by the table.
  return row as Row & Pick<DeliveryPage["deliveries"][number], "state" | "kind">;
}
