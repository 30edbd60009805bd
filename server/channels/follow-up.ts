/** What is said in a conversation later than its answer: a delivery of its own, to the place of the one that asked. */
import { handleSince } from "#server/channels/reply-handle.ts";
import { openEvent, sealEvent, sealReply } from "#server/channels/sealed-event.ts";
import { WORK_WAITS } from "#server/channels/worker/claim.ts";
import type { Clock } from "#server/core/clock.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { inTransaction } from "#server/core/db/in-transaction.ts";
import { newReplyId } from "#server/core/ids.ts";
import type { Pool } from "pg";

export interface FollowUpServices {
  pool: Pool;
  keyring: Keyring;
  clock: Clock;
}

/** @param text null: the run whose idempotency key is `id` answers */
export interface FollowUp {
  /** Of the new delivery; the same again says nothing twice. */
  id: string;
  channel: string;
  /** The delivery that asked. */
  deliveryId: string;
  text: string | null;
}

/** Counted as taken up before, so that the worker looks for its run and gives nothing to the pipeline anew. */
const INSERT_SQL = `
INSERT INTO channel_delivery
  (id, channel, event_id, kind, sender_id, conversation_id, event, state, reason, request_id, attempt, accepted_at)
SELECT $1, channel, $1, kind, sender_id, conversation_id, $3, $4, $5, request_id, 1, $6 FROM channel_delivery WHERE id = $2
ON CONFLICT DO NOTHING`;

/** Does nothing where the delivery that asked is gone. @throws AppError CANNOT_DECRYPT */
export async function followUp({ pool, keyring, clock }: FollowUpServices, said: FollowUp): Promise<void> {
  const { id, channel, deliveryId, text } = said;
  const { rows } = await pool.query<{ event: Uint8Array; acceptedAt: Date }>(
    'SELECT event, accepted_at AS "acceptedAt" FROM channel_delivery WHERE id = $1',
    [deliveryId],
  );
  const [row] = rows;
  if (row === undefined) {
    return;
  }
  const asked = openEvent(keyring, deliveryId, row.event);
  // The reply handle is as old as the message that brought it, not as this delivery.
  const sentAt = handleSince(asked, row.acceptedAt);
  const sealed = sealEvent(keyring, id, { ...asked, eventId: id, attachments: [], sentAt });
  const at = new Date(clock.now());
  const state = text === null ? "accepted" : "replying";
  await inTransaction(pool, async (client) => {
    const values = [id, deliveryId, sealed, state, text === null ? null : "not_approved", at];
    const { rowCount } = await client.query(INSERT_SQL, values);
    if (rowCount === 1 && text !== null) {
      const replyId = newReplyId();
      await client.query(
        "INSERT INTO channel_reply (id, delivery_id, channel, part, body) VALUES ($1, $2, $3, 1, $4)",
        [replyId, id, channel, sealReply(keyring, replyId, text)],
      );
    }
    await client.query("SELECT pg_notify($1, '')", [WORK_WAITS]);
  });
}
