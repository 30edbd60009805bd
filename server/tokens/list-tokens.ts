/** Tokens for people: everything but the secret. */
import type { Clock } from "#server/core/clock.ts";
import type { Db, Prisma } from "#server/core/db/client.ts";
import { afterCursor, NEWEST_FIRST, toPage } from "#server/core/db/keyset.ts";
import { ENDING_WITHIN_MS, searchTermOf, type TokenFilter } from "#server/tokens/policy.ts";
import { LONGEST_TOKEN_PAGE, type TokenSummary } from "#server/tokens/schema.ts";
import { HIDDEN_COLUMNS, summaryOf } from "#server/tokens/summary.ts";

export interface ListTokensOptions {
  ownerId?: string | undefined;
  /** Also those that have ended. The same as `state: "all"`. */
  all?: boolean | undefined;
  /** Default: `live`. */
  state?: TokenFilter | undefined;
  /** Part of the name, the owner or the id; capitals make no difference. */
  search?: string | undefined;
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
  { ownerId, all, state, search, limit, cursor }: ListTokensOptions = {},
): Promise<TokenPage> {
  const now = deps.clock.now();
  const size = Math.min(Math.max(limit ?? LONGEST_TOKEN_PAGE, 1), LONGEST_TOKEN_PAGE);
  const wanted = state ?? (all === true ? "all" : "live");
  const rows = await deps.db.token.findMany({
    where: {
      AND: [
        ownerId === undefined ? {} : { ownerId },
        inState(deps.db, wanted, new Date(now)),
        named(search),
        afterCursor(cursor),
      ],
    },
    omit: HIDDEN_COLUMNS,
    orderBy: NEWEST_FIRST,
    take: size + 1,
  });
  const { page, nextCursor } = toPage(rows, size);
  return { tokens: page.map((row) => summaryOf(row, now)), nextCursor };
}

/** The same states as `tokenState` tells apart, as conditions. */
function inState(db: Db, state: TokenFilter, now: Date): Prisma.TokenWhereInput {
  const endless: Prisma.TokenWhereInput = { OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] };
  const hadGrace: Prisma.TokenWhereInput = {
    OR: [{ supersededAt: null }, { expiresAt: null }, { expiresAt: { gt: db.token.fields.supersededAt } }],
  };
  const live: Prisma.TokenWhereInput = { revokedAt: null, AND: [endless, hadGrace] };
  switch (state) {
    case "all":
      return {};
    case "live":
      return live;
    case "active":
      return { AND: [live, { supersededAt: null }] };
    case "ending":
      return { AND: [live, { expiresAt: { lte: new Date(now.getTime() + ENDING_WITHIN_MS) } }] };
    case "superseded":
      return { AND: [live, { supersededAt: { not: null } }] };
    case "expired":
      return { revokedAt: null, NOT: { AND: [endless, hadGrace] } };
    case "revoked":
      return { revokedAt: { not: null } };
  }
}

function named(search: string | undefined): Prisma.TokenWhereInput {
  const term = searchTermOf(search ?? "");
  if (term === "") {
    return {};
  }
  // `%` and `_` are letters like any other to whoever types them.
  const part = { contains: term.replace(/[\\%_]/g, "\\$&"), mode: "insensitive" } as const;
  return { OR: [{ name: part }, { ownerId: part }, { id: part }] };
}
