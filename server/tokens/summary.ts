/** How a stored token is shown. Its secret's hash never gets this far. */
import type { Prisma } from "#server/core/db/client.ts";
import { shownModels } from "#server/models/policy.ts";
import { tokenState } from "#server/tokens/policy.ts";
import type { TokenSummary } from "#server/tokens/schema.ts";

/** Columns that leave the database for no list. */
export const HIDDEN_COLUMNS = { secretHash: true, retryKeyHash: true } as const;

type ShownRow = Prisma.TokenGetPayload<{ omit: typeof HIDDEN_COLUMNS }>;

/** @param now milliseconds since 1970. */
export function summaryOf(row: ShownRow, now: number): TokenSummary {
  return {
    id: row.id,
    name: row.name,
    owner: row.ownerId,
    role: row.roleName,
    user: row.userId,
    scopes: row.scopes,
    channels: row.channels,
    allowedIps: row.allowedIps,
    models: shownModels(row.models),
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
  };
}
