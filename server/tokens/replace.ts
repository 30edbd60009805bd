/** What rotation and refresh have in common: one token takes the place of another, within the caller's transaction. */
import type { Prisma, Tx } from "#server/core/db/client.ts";
import { graceEnd } from "#server/tokens/policy.ts";
import { TOKEN_ID, type TokenSecret } from "#server/tokens/secret.ts";

export type TokenRow = Prisma.TokenGetPayload<object>;

/**
 * The token, locked until the transaction ends, or null. Everything that changes a family waits for the change before: otherwise revoking the
 * family would miss a successor that is being made at that moment.
 */
export async function lockToken(tx: Tx, tokenId: string): Promise<TokenRow | null> {
  // The id may come from an address, and the database takes no NUL, for one.
  if (!TOKEN_ID.test(tokenId)) {
    return null;
  }
  const known = await tx.token.findUnique({ where: { id: tokenId }, select: { familyId: true } });
  if (known === null) {
    return null;
  }
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`token-family:${known.familyId}`}, 0))`;
  await tx.$executeRaw`SELECT 1 FROM token WHERE id = ${tokenId} FOR UPDATE`;
  return tx.token.findUnique({ where: { id: tokenId } });
}

interface Replacement {
  secret: TokenSecret;
  secretHash: Uint8Array;
  pepperId: string;
  /** Milliseconds since 1970. */
  now: number;
  graceMs: number;
  expiresAt: Date | null;
  lifetimeMs: bigint | number | null;
  /** Null when somebody else than the holder of `old` asked for it; see exchange-token.ts. */
  retryKeyHash: Uint8Array | null;
}

/** Makes the successor and ends `old` after its grace. @returns when `old` ends. */
export async function replaceToken(tx: Tx, old: TokenRow, replacement: Replacement): Promise<Date> {
  const { secret, secretHash, pepperId, now, expiresAt, lifetimeMs, retryKeyHash } = replacement;
  const { name, ownerId, roleName, userId, scopes, channels, allowedIps, models, familyId } = old;
  await tx.token.create({
    data: {
      ...{ name, ownerId, roleName, userId, scopes, channels, allowedIps, models, familyId },
      id: secret.id,
      last4: secret.last4,
      secretHash: new Uint8Array(secretHash),
      pepperId,
      retryKeyHash: retryKeyHash === null ? null : new Uint8Array(retryKeyHash),
      lifetimeMs,
      createdAt: new Date(now),
      expiresAt,
    },
  });
  const graceEndsAt = graceEnd(old.expiresAt, replacement.graceMs, now);
  await tx.token.update({
    where: { id: old.id },
    data: { expiresAt: graceEndsAt, supersededAt: new Date(now), successorId: secret.id },
  });
  return graceEndsAt;
}
