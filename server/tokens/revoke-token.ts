/** Ends tokens at once. Ending one that has ended already changes nothing and is no error. */
import type { Actor, AuditData } from "#server/audit/schema.ts";
import { recordEvents } from "#server/audit/index.ts";
import type { Clock } from "#server/core/clock.ts";
import type { Db, Tx } from "#server/core/db/client.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError } from "#server/core/errors.ts";
import type { RequestFacts } from "#server/tokens/deps.ts";
import { lockToken } from "#server/tokens/replace.ts";

export interface RevokeOptions {
  /** Why, for the record. */
  reason: string;
  /** Tokens of other owners are treated as if they did not exist; absent = any owner's. */
  onlyOwner?: string | undefined;
  facts?: RequestFacts;
}

/** @returns false when it was revoked before. @throws AppError NOT_FOUND */
export async function revokeToken(
  deps: { db: Db; clock: Clock },
  actor: Actor,
  tokenId: string,
  options: RevokeOptions,
): Promise<boolean> {
  return withTx(deps.db, async (tx) => {
    const token = await lockToken(tx, tokenId);
    if (token === null || (options.onlyOwner !== undefined && token.ownerId !== options.onlyOwner)) {
      throw noSuchToken(tokenId);
    }
    if (token.revokedAt !== null) {
      return false;
    }
    await tx.token.update({ where: { id: tokenId }, data: revocation(options.reason, deps.clock.now()) });
    await recordRevoked(tx, actor, tokenId, options);
    return true;
  });
}

/** Ends a token and all that came before and after it by rotation and refresh. @returns the ids that ended now. @throws AppError NOT_FOUND */
export async function revokeFamily(
  deps: { db: Db; clock: Clock },
  actor: Actor,
  tokenId: string,
  options: RevokeOptions,
): Promise<string[]> {
  return withTx(deps.db, async (tx) => {
    const token = await lockToken(tx, tokenId);
    if (token === null || (options.onlyOwner !== undefined && token.ownerId !== options.onlyOwner)) {
      throw noSuchToken(tokenId);
    }
    const ended = await endFamily(tx, token.familyId, options.reason, deps.clock.now());
    if (ended.length > 0) {
      await recordRevoked(tx, actor, tokenId, options, { family: token.familyId, revoked: ended.length });
    }
    return ended;
  });
}

/** Ends every member that was not revoked before. The caller holds the lock of the family (`lockToken`). */
export async function endFamily(tx: Tx, familyId: string, reason: string, now: number): Promise<string[]> {
  const ended = await tx.token.updateManyAndReturn({
    where: { familyId, revokedAt: null },
    data: revocation(reason, now),
    select: { id: true },
  });
  return ended.map(({ id }) => id);
}

export const noSuchToken = (tokenId: string): AppError =>
  new AppError("NOT_FOUND", `There is no token "${tokenId}". See them with: openclaw gateway list-tokens --all`);

const revocation = (reason: string, now: number) => ({ revokedAt: new Date(now), revokedReason: reason });

async function recordRevoked(
  tx: Tx,
  actor: Actor,
  target: string,
  { reason, facts }: RevokeOptions,
  data: AuditData = {},
): Promise<void> {
  await recordEvents(tx, [
    { ...facts, event: "token.revoked", outcome: "ok", actor, target, data: { reason, ...data } },
  ]);
}
