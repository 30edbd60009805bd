/** Tokens for people: everything but the secret. */
import type { Clock } from "#server/core/clock.ts";
import type { Db } from "#server/core/db/client.ts";
import { tokenState } from "#server/tokens/policy.ts";
import type { TokenSummary } from "#server/tokens/schema.ts";

export interface ListTokensOptions {
  ownerId?: string;
  /** Also those that have ended. */
  all?: boolean;
}

/** Newest first. */
export async function listTokens(
  deps: { db: Db; clock: Clock },
  options: ListTokensOptions = {},
): Promise<TokenSummary[]> {
  const rows = await deps.db.token.findMany({
    where: options.ownerId === undefined ? {} : { ownerId: options.ownerId },
    omit: { secretHash: true },
    orderBy: [{ createdAt: "desc" }, { id: "asc" }],
  });
  const now = deps.clock.now();
  const summaries = rows.map((row): TokenSummary => ({
    id: row.id,
    name: row.name,
    ownerId: row.ownerId,
    role: row.roleName,
    userId: row.userId,
    scopes: row.scopes,
    channels: row.channels,
    allowedIps: row.allowedIps,
    hint: `ocg_${row.id}_…${row.last4}`,
    createdAt: row.createdAt,
    expiresAt: row.expiresAt,
    revokedAt: row.revokedAt,
    lastUsedAt: row.lastUsedAt,
    lastUsedAddress: row.lastUsedAddress,
    state: tokenState(row, now),
  }));
  return options.all === true ? summaries : summaries.filter((token) => token.state === "active");
}
