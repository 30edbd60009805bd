/** What a sender nobody knows is told: a pairing code, or nothing. */
import { recordEvents } from "#server/audit/index.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { offerPairing } from "#server/channels/pairing/offer.ts";
import type { Answer, Work } from "#server/channels/worker/answer.ts";
import { leaving } from "#server/channels/worker/leaving.ts";
import { storeRepliesWithin } from "#server/channels/worker/outbox.ts";

const REFUSED = "sender_unknown";

/**
 * A code, its record and the reply that tells it are one transaction: whoever dies after it leaves a reply that the next worker sends, and
 * whoever dies before it no code.
 */
export async function answerStranger({ services, workerId, live, claimed, event }: Work): Promise<Answer> {
  const { channel } = live;
  const unknown = (reason: "silent" | "code_offered"): AuditEventInput => ({
    event: "channel.sender_unknown",
    outcome: "denied",
    actor: { type: "anonymous", id: `${channel}:${event.senderId}` },
    channel,
    requestId: claimed.requestId,
    target: claimed.id,
    reason,
    data: { sender: event.senderId, conversation: event.conversationId },
  });
  // Where replies go nowhere there is nobody to tell a code.
  const { unknownSenders } = live.adapter.silent === true ? ({ unknownSenders: "refuse" } as const) : live;
  const replies = await offerPairing(services, { channel, unknownSenders }, event, async (tx, text) => {
    const { parts, filtered } = leaving(services.config, live, claimed, text);
    const holder = { keyring: services.keyring, workerId };
    const stored = await storeRepliesWithin(tx, holder, claimed.id, parts, REFUSED);
    await recordEvents(tx, [unknown("code_offered"), ...(filtered === null ? [] : [filtered])]);
    return stored;
  });
  if (replies !== null) {
    return { kind: "stored", replies, refused: REFUSED };
  }
  await services.refusals.record(`stranger|${channel}|${event.senderId}`, unknown("silent"));
  return { kind: "silent", userId: null, refused: REFUSED };
}
