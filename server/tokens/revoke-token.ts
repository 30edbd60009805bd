/** Ends a token at once. Ending one that has ended already changes nothing and is no error. */
import type { Actor } from "#server/audit/schema.ts";
import { recordEvents } from "#server/audit/index.ts";
import type { Clock } from "#server/core/clock.ts";
import type { Db } from "#server/core/db/client.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError } from "#server/core/errors.ts";

/** @returns false when it was revoked before. @throws AppError NOT_FOUND */
export async function revokeToken(
  deps: { db: Db; clock: Clock },
  actor: Actor,
  tokenId: string,
  reason: string,
): Promise<boolean> {
  const now = new Date(deps.clock.now());
  return withTx(deps.db, async (tx) => {
    const changed = await tx.token.updateMany({
      where: { id: tokenId, revokedAt: null },
      data: { revokedAt: now, revokedReason: reason },
    });
    if (changed.count === 0) {
      const known = await tx.token.findUnique({ where: { id: tokenId }, select: { id: true } });
      if (known === null) {
        throw new AppError(
          "NOT_FOUND",
          `There is no token "${tokenId}". See them with: openclaw gateway list-tokens --all`,
        );
      }
      return false;
    }
    await recordEvents(tx, [{ event: "token.revoked", outcome: "ok", actor, target: tokenId, data: { reason } }]);
    return true;
  });
}
