/**
 * A sender nobody knows, in a direct conversation with the bot, gets a code and nothing else: nothing it writes is acted on until somebody
 * who may approves the code. The code alone gives no right, so it may be shown to whoever reads the conversation.
 */
import type { PolicyStore } from "#server/access/index.ts";
import { recordEvents, type Collapser } from "#server/audit/index.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { newPairingCode, pairingCodeHash } from "#server/channels/pairing/code.ts";
import { CODE_LIFETIME_MS, judgeOffer, MINUTE_MS } from "#server/channels/pairing/policy.ts";
import { expireRequests, lockChannel } from "#server/channels/pairing/requests.ts";
import type { InboundEvent } from "#server/channels/schema.ts";
import type { Clock } from "#server/core/clock.ts";
import type { Db, Tx } from "#server/core/db/client.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { randomId } from "#server/core/ids.ts";
import type { Pepper } from "#server/tokens/index.ts";

export interface OfferServices {
  db: Db;
  clock: Clock;
  policy: PolicyStore;
  pepper: Pepper;
  refusals: Collapser;
}

/** The channel whose platform the event came from, and what its connection says of strangers. */
export interface OfferingChannel {
  channel: string;
  unknownSenders: "pair" | "refuse";
}

type Stranger = Pick<InboundEvent, "senderId" | "senderName" | "isBot" | "isDirect">;

/**
 * Gives the stranger who wrote `event` its word by `tell`, in one transaction with the code in it and their record: no code is kept that
 * nobody is going to be told, and none is told that is not kept. Null = nothing is said: in groups, to bots, to blocked ids, where the
 * connection says `refuse`, within a minute of the last word, and when the channel has too many open codes.
 * @param tell keeps the text for sending; what it throws takes the code back
 */
export async function offerPairing<Told>(
  services: OfferServices,
  { channel, unknownSenders }: OfferingChannel,
  event: Stranger,
  tell: (tx: Tx, text: string) => Promise<Told>,
): Promise<Told | null> {
  const blocked = services.policy.current().channels.get(channel)?.blockedUsers ?? [];
  const isBlocked = blocked.includes("*") || blocked.includes(event.senderId);
  if (unknownSenders !== "pair" || !event.isDirect || event.isBot || isBlocked) {
    return null;
  }
  const now = services.clock.now();
  const code = newPairingCode();
  const codeHash = pairingCodeHash(services.pepper, channel, code);
  const offered = await withTx(services.db, async (tx) => {
    await lockChannel(tx, channel);
    await expireRequests(tx, channel, new Date(now));
    const offer = judgeOffer(await factsOf(tx, channel, event.senderId, now));
    switch (offer) {
      case "new":
        await store(tx, channel, event, codeHash, now);
        return { offer, told: await tell(tx, offerText(code)) };
      case "remind":
        await tx.pairingRequest.updateMany({
          where: { channel, senderId: event.senderId, outcome: null },
          data: { toldAt: new Date(now) },
        });
        return { offer, told: await tell(tx, REMINDER) };
      case "withhold":
      case "silent":
        return { offer, told: null };
    }
  });
  if (offered.offer === "withhold") {
    await services.refusals.record(`pairing|${channel}`, {
      ...byStranger(channel, event.senderId),
      event: "channel.pairing_withheld",
      outcome: "denied",
      reason: "too_many_open",
      data: { senderId: event.senderId },
    });
  }
  return offered.told;
}

const offerText = (code: string): string =>
  `I do not know you yet. Your pairing code is ${code}. Give it to whoever runs this gateway; it is good for one hour. Until it is approved, nothing you write here is acted on.`;

const REMINDER = "You hold pairing codes that are still good. Give one of them to whoever runs this gateway.";

async function factsOf(tx: Tx, channel: string, senderId: string, now: number) {
  const own = await tx.pairingRequest.findMany({
    where: { channel, senderId, expiresAt: { gt: new Date(now) } },
    select: { toldAt: true, expiresAt: true, outcome: true },
  });
  return {
    now,
    own: own.map(({ toldAt, expiresAt, outcome }) => ({
      toldAt: toldAt.getTime(),
      expiresAt: expiresAt.getTime(),
      outcome,
    })),
    openOfChannel: await tx.pairingRequest.count({ where: { channel, outcome: null } }),
    newOfLastMinute: await tx.pairingRequest.count({
      where: { channel, createdAt: { gt: new Date(now - MINUTE_MS) } },
    }),
  };
}

async function store(
  tx: Tx,
  channel: string,
  { senderId, senderName }: Stranger,
  codeHash: Uint8Array<ArrayBuffer>,
  now: number,
): Promise<void> {
  const id = randomId("par");
  const expiresAt = new Date(now + CODE_LIFETIME_MS);
  const at = new Date(now);
  await tx.pairingRequest.create({
    data: { id, channel, senderId, label: senderName, codeHash, createdAt: at, toldAt: at, expiresAt },
  });
  await recordEvents(tx, [
    {
      ...byStranger(channel, senderId),
      event: "channel.pairing_offered",
      outcome: "ok",
      target: id,
      data: { senderId, expiresAt: expiresAt.toISOString() },
    },
  ]);
}

const byStranger = (channel: string, senderId: string): Pick<AuditEventInput, "actor" | "channel"> => ({
  actor: { type: "anonymous", id: `${channel}:${senderId}` },
  channel,
});
