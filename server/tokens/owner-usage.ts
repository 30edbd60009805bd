/** How many of its places an owner has taken. */
import type { Db, Prisma, Tx } from "#server/core/db/client.ts";

/** A replaced token ends by itself within its grace; counting it would keep an owner at the limit from rotating. */
export const takingPlaces = (ownerId: string, now: Date) =>
  ({
    ownerId,
    revokedAt: null,
    supersededAt: null,
    OR: [{ expiresAt: null }, { expiresAt: { gt: now } }],
  }) satisfies Prisma.TokenWhereInput;

/** Tokens that count against `gateway.tokenConfig.maxTokens` of their owner now. */
export async function countOwned(db: Db | Tx, ownerId: string, now: Date): Promise<number> {
  return db.token.count({ where: takingPlaces(ownerId, now) });
}
