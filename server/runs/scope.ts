/** Which runs a console session may see: those of the tokens its member answers for, or all. */
import { can, type Permission } from "#server/access/index.ts";
import type { ConsoleSession } from "#server/auth/index.ts";
import type { Db } from "#server/core/db/client.ts";
import type { RunScope } from "#server/sandbox/index.ts";

/** Tokens of one member that are looked at, the newest first. */
const MAX_TOKENS = 1_000;

/** @param all the permission that widens the scope to every run. */
export async function scopeOf(
  db: Db,
  { actor, permissions }: Pick<ConsoleSession, "actor" | "permissions">,
  all: Permission,
): Promise<RunScope> {
  if (can(permissions, all)) {
    return {};
  }
  const tokens = await db.token.findMany({
    where: { ownerId: actor.id },
    select: { familyId: true },
    orderBy: { createdAt: "desc" },
    take: MAX_TOKENS,
  });
  return { principalId: [...new Set(tokens.map(({ familyId }) => `token:${familyId}`))] };
}
