/** One token with the line it stands in. */
import type { Clock } from "#server/core/clock.ts";
import type { Db } from "#server/core/db/client.ts";
import { lifetimeOf } from "#server/tokens/policy.ts";
import { noSuchToken } from "#server/tokens/revoke-token.ts";
import type { TokenSummary } from "#server/tokens/schema.ts";
import { TOKEN_ID } from "#server/tokens/secret.ts";
import { HIDDEN_COLUMNS, summaryOf } from "#server/tokens/summary.ts";

/** A line that is refreshed every minute grows without end; its newest are shown. */
const SHOWN_FAMILY = 50;

export interface TokenDetails {
  token: TokenSummary;
  /** Milliseconds it was made to live; null = it does not expire. */
  lifetimeMs: number | null;
  revokedReason: string | null;
  /** All that it came from and that came from it by rotation and refresh, itself included, newest first; at most 50. */
  family: TokenSummary[];
  /** Members of the family, shown or not. */
  familySize: number;
}

/**
 * @param onlyOwner tokens of others are treated as if they did not exist; undefined = any owner's.
 * @throws AppError NOT_FOUND
 */
export async function readToken(
  { db, clock }: { db: Db; clock: Clock },
  tokenId: string,
  onlyOwner: string | undefined,
): Promise<TokenDetails> {
  const row = TOKEN_ID.test(tokenId)
    ? await db.token.findUnique({ where: { id: tokenId }, omit: HIDDEN_COLUMNS })
    : null;
  if (row === null || (onlyOwner !== undefined && row.ownerId !== onlyOwner)) {
    throw noSuchToken(tokenId);
  }
  const { familyId } = row;
  const [family, familySize] = await Promise.all([
    db.token.findMany({
      where: { familyId },
      omit: HIDDEN_COLUMNS,
      orderBy: [{ createdAt: "desc" }, { id: "desc" }],
      take: SHOWN_FAMILY,
    }),
    db.token.count({ where: { familyId } }),
  ]);
  const now = clock.now();
  return {
    token: summaryOf(row, now),
    lifetimeMs: lifetimeOf(row),
    revokedReason: row.revokedReason,
    family: family.map((member) => summaryOf(member, now)),
    familySize,
  };
}
