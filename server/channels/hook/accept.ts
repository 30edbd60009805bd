/** Makes proven events durable, with their record, in one transaction: the platform hears 200 only after it. */
import { isRecorded, recordEventsOn } from "#server/audit/index.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import type { InboundEvent } from "#server/channels/schema.ts";
import { sealEvent } from "#server/channels/sealed-event.ts";
import type { ChannelServices } from "#server/channels/services.ts";
import { WORK_WAITS } from "#server/channels/worker/claim.ts";
import { OLDEST_MS } from "#server/channels/worker/retention.ts";
import { inTransaction } from "#server/core/db/in-transaction.ts";
import { newDeliveryId } from "#server/core/ids.ts";
import type { Incoming } from "#server/gateway/index.ts";

const INSERT_SQL = `
INSERT INTO channel_delivery
  (id, channel, event_id, kind, sender_id, conversation_id, event, state, reason, request_id, accepted_at, finished_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (channel, event_id) DO NOTHING`;

/** @returns the ids of events that were there before: nothing is done about them. */
export async function acceptEvents(
  services: ChannelServices,
  incoming: Incoming,
  channel: string,
  events: readonly InboundEvent[],
): Promise<string[]> {
  if (events.length === 0) {
    return [];
  }
  const at = new Date(services.clock.now());
  // Sealed before the transaction: nothing slow belongs inside.
  const rows = events.map((event) => {
    const id = newDeliveryId(at.getTime());
    return { id, event, sealed: sealEvent(services.keyring, id, event) };
  });
  const repeated: string[] = [];
  await inTransaction(services.pool, async (client) => {
    const recorded: AuditEventInput[] = [];
    for (const { id, event, sealed } of rows) {
      const why = ignoredBecause(event, at);
      const { eventId, kind, senderId, conversationId } = event;
      const state = why === null ? "accepted" : "ignored";
      const finishedAt = why === null ? null : at;
      const { requestId } = incoming;
      const values = [
        id,
        channel,
        eventId,
        kind,
        senderId,
        conversationId,
        sealed,
        state,
        why,
        requestId,
        at,
        finishedAt,
      ];
      const { rowCount } = await client.query({ name: "channel-accept", text: INSERT_SQL, values });
      if (rowCount === 0) {
        repeated.push(eventId);
      } else {
        recorded.push(acceptedEvent(incoming, channel, id, event));
      }
    }
    if (recorded.length > 0) {
      await recordEventsOn(client, recorded, isRecorded);
      await client.query("SELECT pg_notify($1, '')", [WORK_WAITS]);
    }
  });
  return repeated;
}

/** What is noted and never acted on. */
function ignoredBecause({ kind, isBot, sentAt }: InboundEvent, now: Date): string | null {
  if (isBot) {
    return "bot";
  }
  if (sentAt !== null && now.getTime() - sentAt > OLDEST_MS) {
    return "too_old";
  }
  return kind === "message" || kind === "command" ? null : kind;
}

const acceptedEvent = (
  { address, requestId }: Incoming,
  channel: string,
  id: string,
  event: InboundEvent,
): AuditEventInput => ({
  event: "channel.delivery_accepted",
  outcome: "ok",
  actor: { type: "anonymous", id: `${channel}:${event.senderId}` },
  channel,
  address,
  requestId,
  target: id,
  reason: event.kind,
  data: {
    sender: event.senderId,
    conversation: event.conversationId,
    event: event.eventId,
    files: event.attachments.length,
  },
});
