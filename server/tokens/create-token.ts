/** Mints a token: the secret is made before the transaction, its record and the audit row share one. */
import { isKnownPermission, isWithin, refuseBeyondGrant, type Grantor } from "#server/access/index.ts";
import { recordEvents } from "#server/audit/index.ts";
import type { Tx } from "#server/core/db/client.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError } from "#server/core/errors.ts";
import { parseInput } from "#server/core/parse-input.ts";
import { parseAddressList } from "#server/core/http/address.ts";
import type { CreatedToken, RequestFacts, TokenDeps } from "#server/tokens/deps.ts";
import { coversEveryModel, EVERY_MODEL, shownModels } from "#server/models/policy.ts";
import { countOwned, takingPlaces } from "#server/tokens/owner-usage.ts";
import { endOf } from "#server/tokens/policy.ts";
import { CreateToken } from "#server/tokens/schema.ts";
import { hashToken, newTokenSecret } from "#server/tokens/secret.ts";

/** Tokens that a refusal names as what could be revoked. */
const NAMED_TOKENS = 20;

/**
 * @throws AppError INVALID_INPUT (bad field, unknown role, scope beyond the role), FORBIDDEN (more than the grantor holds),
 * CONFLICT (the owner holds `maxTokens` live tokens).
 */
export async function createToken(
  deps: TokenDeps,
  grantor: Grantor,
  input: CreateToken,
  facts: RequestFacts = {},
): Promise<CreatedToken> {
  const asked = parseInput(CreateToken, "Token", input);
  const now = deps.clock.now();
  const { expiration, tokenLength, maxTokens } = deps.settings;
  const expiresAt =
    asked.expiresInMs === undefined ? endOf(expiration, now, grantor.expiresAt) : endOf(asked.expiresInMs, now, null);
  const { role, scopes, channels } = asked;
  const userId = asked.userId ?? grantor.userId;
  const allowedIps = asked.allowedIps ?? [...grantor.allowedIps];
  parseAddressList(allowedIps);
  const models = storedModels(asked.models, grantor.models);
  refuseBeyondGrant(deps.policy, grantor, { role, scopes, channels, userId, allowedIps, models, expiresAt });
  refuseBeyondRole(role, deps.policy.roles.get(role)?.permissions ?? [], scopes);

  const secret = newTokenSecret(tokenLength);
  const secretHash = hashToken(deps.pepper.key, secret.text);
  await withTx(deps.db, async (tx) => {
    await refuseTooMany(tx, asked.ownerId, maxTokens, new Date(now));
    await tx.token.create({
      data: {
        id: secret.id,
        name: asked.name,
        ownerId: asked.ownerId,
        roleName: role,
        userId,
        scopes,
        channels,
        allowedIps,
        models,
        secretHash: new Uint8Array(secretHash),
        pepperId: deps.pepper.id,
        last4: secret.last4,
        familyId: secret.id,
        lifetimeMs: expiresAt === null ? null : expiresAt.getTime() - now,
        createdAt: new Date(now),
        expiresAt,
      },
    });
    await recordEvents(tx, [
      {
        ...facts,
        event: "token.created",
        outcome: "ok",
        actor: grantor.actor,
        target: secret.id,
        data: {
          name: asked.name,
          role,
          owner: asked.ownerId,
          user: userId,
          scopes,
          channels,
          allowedIps,
          models: shownModels(models),
          expiresAt: expiresAt?.toISOString() ?? null,
        },
      },
    ]);
  });
  return { id: secret.id, token: secret.text, expiresAt };
}

/** Absent = the grantor's own, null = all. */
function storedModels(asked: readonly string[] | null | undefined, own: readonly string[]): string[] {
  const models = asked === undefined ? own : (asked ?? EVERY_MODEL);
  return coversEveryModel(models) ? [...EVERY_MODEL] : [...new Set(models)];
}

function refuseBeyondRole(role: string, permissions: readonly string[], scopes: readonly string[]): void {
  for (const scope of scopes) {
    if (!isKnownPermission(scope)) {
      throw new AppError(
        "INVALID_INPUT",
        `"${scope}" is not a permission. Examples: read, write, runs:create, tokens:*.`,
      );
    }
    if (!isWithin(permissions, scope)) {
      throw new AppError(
        "INVALID_INPUT",
        `Scope "${scope}" goes beyond role "${role}" (${permissions.join(", ")}). A token cannot hold more than its role.`,
      );
    }
  }
}

async function refuseTooMany(tx: Tx, ownerId: string, maxTokens: number, now: Date): Promise<void> {
  // Serialises mints of one owner, so that two at once cannot both see the last free place.
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`token-owner:${ownerId}`}, 0))`;
  const count = await countOwned(tx, ownerId, now);
  if (count < maxTokens) {
    return;
  }
  const oldest = await tx.token.findMany({
    where: takingPlaces(ownerId, now),
    select: { id: true, name: true },
    orderBy: [{ createdAt: "asc" }, { id: "asc" }],
    take: NAMED_TOKENS,
  });
  const list = oldest.map(({ id, name }) => `${id} (${name})`).join(", ");
  const more = count > oldest.length ? ` and ${count - oldest.length} more` : "";
  throw new AppError(
    "CONFLICT",
    `"${ownerId}" already holds ${count} of ${maxTokens} live tokens (gateway.tokenConfig.maxTokens). Revoke one first: ${list}${more}.`,
    { details: { reason: "too_many_tokens", maxTokens, live: oldest } },
  );
}
