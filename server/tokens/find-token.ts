/** Which token is meant, where no id is given. Found are tokens that work and have not been replaced. */
import type { Clock } from "#server/core/clock.ts";
import { sameBytes } from "#server/core/crypto/same-bytes.ts";
import type { Db } from "#server/core/db/client.ts";
import { NEWEST_FIRST } from "#server/core/db/keyset.ts";
import type { Pepper } from "#server/tokens/pepper.ts";
import { hashToken, tokenIdOf } from "#server/tokens/secret.ts";

/** The id of the token whose text this is, or null. */
export async function findUsableToken(
  deps: { db: Db; clock: Clock; pepper: Pepper },
  text: string,
): Promise<string | null> {
  const id = tokenIdOf(text);
  if (id === null) {
    return null;
  }
  const row = await deps.db.token.findFirst({
    where: { id, ...usable(deps.clock) },
    select: { id: true, secretHash: true },
  });
  return row !== null && sameBytes(row.secretHash, hashToken(deps.pepper.key, text)) ? row.id : null;
}

/** The owner's newest token, or null. */
export async function findNewestToken(
  { db, clock }: { db: Db; clock: Clock },
  ownerId: string,
): Promise<{ id: string; name: string } | null> {
  return db.token.findFirst({
    where: { ownerId, ...usable(clock) },
    select: { id: true, name: true },
    orderBy: NEWEST_FIRST,
  });
}

const usable = (clock: Clock) => ({
  revokedAt: null,
  successorId: null,
  OR: [{ expiresAt: null }, { expiresAt: { gt: new Date(clock.now()) } }],
});
