/** Tokens for people: everything but the secret. */
import type { Clock } from "#server/core/clock.ts";
import type { Db } from "#server/core/db/client.ts";
import { afterCursor, NEWEST_FIRST, toPage } from "#server/core/db/keyset.ts";
import { tokenState } from "#server/tokens/policy.ts";
import { LONGEST_TOKEN_PAGE, type TokenSummary } from "#server/tokens/schema.ts";

export interface ListTokensOptions {
  ownerId?: string | undefined;
  /** Also those that have ended. */
  all?: boolean | undefined;
  /** 1…200; default 200. */
  limit?: number | undefined;
  /** `nextCursor` of the page before. */
  cursor?: string | undefined;
}

export interface TokenPage {
  tokens: TokenSummary[];
  /** Null on the last page. */
  nextCursor: string | null;
}

/** Newest first. @throws AppError INVALID_INPUT for a cursor that is not ours. */
export async function listTokens(
  deps: { db: Db; clock: Clock },
  { ownerId, all, limit, cursor }: ListTokensOptions = {},
): Promise<TokenPage> {
  const now = deps.clock.now();
  const size = Math.min(Math.max(limit ?? LONGEST_TOKEN_PAGE, 1), LONGEST_TOKEN_PAGE);
  const usable = { revokedAt: null, OR: [{ expiresAt: null }, { expiresAt: { gt: new Date(now) } }] };
  const rows = await deps.db.token.findMany({
    where: { AND: [ownerId === undefined ? {} : { ownerId }, all === true ? {} : usable, afterCursor(cursor)] },
    omit: { secretHash: true, retryKeyHash: true, lifetimeMs: true },
    orderBy: NEWEST_FIRST,
    take: size + 1,
  });
  const { page, nextCursor } = toPage(rows, size);
  const tokens = page.map((row): TokenSummary => ({
    id: row.id,
    name: row.name,
    owner: row.ownerId,
    role: row.roleName,
    user: row.userId,
    scopes: row.scopes,
    channels: row.channels,
    allowedIps: row.allowedIps,
    hint: `ocg_${row.id}_…${row.last4}`,
    state: tokenState(row, now),
    createdAt: row.createdAt,
    expiresAt: row.expiresAt,
    revokedAt: row.revokedAt,
    lastUsedAt: row.lastUsedAt,
    lastUsedAddress: row.lastUsedAddress,
    familyId: row.familyId,
    successorId: row.successorId,
    supersededAt: row.supersededAt,
  }));
  return { tokens, nextCursor };
}
