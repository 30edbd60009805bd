/** Rows of pairing requests that every use case needs: the channel's lock, and what has run out. */
import type { AuditEventInput } from "#server/audit/schema.ts";
import { recordEvents } from "#server/audit/index.ts";
import type { Tx } from "#server/core/db/client.ts";

/** Decided and expired requests are kept so long for the list (milliseconds). */
const KEPT_MS = 7 * 86_400_000;
const REMOVED_AT_ONCE = 500;

const SYSTEM = { type: "system", id: "pairing" } as const;

/** Offers and decisions on one channel come one after another, whatever process makes them. */
export async function lockChannel(tx: Tx, channel: string): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`pairing|${channel}`}, 0))`;
}

/** Closes the channel's requests whose time is over, each on record, and removes those that nobody needs any more. */
export async function expireRequests(tx: Tx, channel: string, now: Date): Promise<void> {
  const over = await tx.pairingRequest.updateManyAndReturn({
    where: { channel, outcome: null, expiresAt: { lte: now } },
    data: { outcome: "expired", decidedAt: now },
    select: { id: true, senderId: true },
  });
  await recordEvents(
    tx,
    over.map(({ id, senderId }): AuditEventInput => ({
      event: "channel.pairing_expired",
      outcome: "ok",
      actor: SYSTEM,
      target: id,
      channel,
      data: { senderId },
    })),
  );
  const before = new Date(now.getTime() - KEPT_MS);
  await tx.$executeRaw`
    DELETE FROM pairing_request WHERE id IN (
      SELECT id FROM pairing_request WHERE channel = ${channel} AND expires_at < ${before} LIMIT ${REMOVED_AT_ONCE})`;
}
