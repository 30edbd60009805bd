/** Replaces somebody's token: a new secret for whoever asks, the old one ends at once or after a grace. */
import { refuseBeyondGrant, type Grantor } from "#server/access/index.ts";
import { recordEvents } from "#server/audit/index.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError } from "#server/core/errors.ts";
import { parseInput } from "#server/core/parse-input.ts";
import { shownModels } from "#server/models/policy.ts";
import type { ReplacementToken, RequestFacts, TokenDeps } from "#server/tokens/deps.ts";
import { endOf, isUsable, lifetimeOf, tokenState } from "#server/tokens/policy.ts";
import { lockToken, replaceToken, type TokenRow } from "#server/tokens/replace.ts";
import { noSuchToken } from "#server/tokens/revoke-token.ts";
import { RotateToken } from "#server/tokens/schema.ts";
import { hashToken, newTokenSecret } from "#server/tokens/secret.ts";

export interface RotateOptions {
  /** Tokens of other owners are treated as if they did not exist; absent = any owner's. */
  onlyOwner?: string | undefined;
  facts?: RequestFacts;
}

/**
 * The successor keeps family, owner, role, user, scopes, channels, addresses and models, and lives as long as the old one was made for.
 * The secret goes to the grantor, who therefore must hold all that the token gives.
 * @throws AppError INVALID_INPUT, NOT_FOUND, CONFLICT (ended, or replaced before), FORBIDDEN (more than the grantor holds).
 */
export async function rotateToken(
  deps: TokenDeps,
  grantor: Grantor,
  input: RotateToken,
  { onlyOwner, facts = {} }: RotateOptions = {},
): Promise<ReplacementToken> {
  const { tokenId, graceMs, expiresInMs } = parseInput(RotateToken, "Token", input);
  const now = deps.clock.now();
  const secret = newTokenSecret(deps.settings.tokenLength);
  const secretHash = hashToken(deps.pepper.key, secret.text);
  const times = await withTx(deps.db, async (tx) => {
    const old = await lockToken(tx, tokenId);
    if (old === null || (onlyOwner !== undefined && old.ownerId !== onlyOwner)) {
      throw noSuchToken(tokenId);
    }
    refuseEnded(old, now);
    const expiresAt =
      expiresInMs === undefined ? endOf(lifetimeOf(old), now, grantor.expiresAt) : endOf(expiresInMs, now, null);
    const { scopes, channels, userId, allowedIps, models, roleName: role } = old;
    refuseBeyondGrant(deps.policy, grantor, { role, scopes, channels, userId, allowedIps, models, expiresAt });
    const lifetimeMs = expiresAt === null ? null : expiresAt.getTime() - now;
    const pepperId = deps.pepper.id;
    const graceEndsAt = await replaceToken(tx, old, {
      ...{ secret, secretHash, pepperId, now, graceMs, expiresAt, lifetimeMs },
      retryKeyHash: null,
    });
    await recordEvents(tx, [
      {
        ...facts,
        event: "token.rotated",
        outcome: "ok",
        actor: grantor.actor,
        target: tokenId,
        data: {
          successor: secret.id,
          graceEndsAt: graceEndsAt.toISOString(),
          expiresAt: expiresAt?.toISOString() ?? null,
          models: shownModels(models),
        },
      },
    ]);
    return { expiresAt, graceEndsAt };
  });
  const { expiresAt, graceEndsAt } = times;
  return { id: secret.id, token: secret.text, expiresAt, replaces: tokenId, graceEndsAt };
}

function refuseEnded(token: TokenRow, now: number): void {
  if (token.successorId !== null) {
    throw new AppError(
      "CONFLICT",
      `Token "${token.id}" was replaced by "${token.successorId}" before. Rotate that one instead.`,
      { details: { reason: "superseded", successorId: token.successorId } },
    );
  }
  const state = tokenState(token, now);
  if (!isUsable(state)) {
    throw new AppError(
      "CONFLICT",
      `Token "${token.id}" is ${state} and cannot be rotated. Make a new one with: openclaw gateway generate-token`,
      { details: { reason: state } },
    );
  }
}
