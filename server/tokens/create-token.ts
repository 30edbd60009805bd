/** Mints a token: the secret is made before the transaction, its record and the audit row share one. */
import type { Actor } from "#server/audit/schema.ts";
import { recordEvents } from "#server/audit/index.ts";
import { isKnownPermission, isWithin } from "#server/access/index.ts";
import type { PolicySnapshot } from "#server/access/schema.ts";
import type { Clock } from "#server/core/clock.ts";
import type { Db, Tx } from "#server/core/db/client.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError } from "#server/core/errors.ts";
import { parseAddressList } from "#server/core/http/address.ts";
import { hashToken, newTokenSecret } from "#server/tokens/secret.ts";
import { CreateToken } from "#server/tokens/schema.ts";
import type { Pepper } from "#server/tokens/pepper.ts";

interface TokenSettings {
  /** Default lifetime in milliseconds. */
  expiration: number;
  /** Live tokens one owner may hold. */
  maxTokens: number;
  /** Bytes of entropy. */
  tokenLength: number;
}

export interface CreateTokenDeps {
  db: Db;
  clock: Clock;
  pepper: Pepper;
  settings: TokenSettings;
  policy: PolicySnapshot;
}

export interface CreatedToken {
  id: string;
  /** The secret itself: leaves the server here and never again. */
  token: string;
  expiresAt: Date | null;
}

/** @throws AppError INVALID_INPUT (bad field, unknown role, scope beyond the role), CONFLICT (owner holds `maxTokens` live tokens). */
export async function createToken(deps: CreateTokenDeps, actor: Actor, input: CreateToken): Promise<CreatedToken> {
  const request = parseRequest(input);
  refuseImpossible(deps.policy, request.role, request.scopes);
  parseAddressList(request.allowedIps);
  const now = deps.clock.now();
  const lifetime = request.expiresInMs === undefined ? deps.settings.expiration : request.expiresInMs;
  const expiresAt = lifetime === null ? null : new Date(now + lifetime);
  const secret = newTokenSecret(deps.settings.tokenLength);
  const secretHash = hashToken(deps.pepper.key, secret.text);

  await withTx(deps.db, async (tx) => {
    await refuseTooMany(tx, request.ownerId, deps.settings.maxTokens, new Date(now));
    await tx.token.create({
      data: {
        id: secret.id,
        name: request.name,
        ownerId: request.ownerId,
        roleName: request.role,
        userId: request.userId ?? null,
        scopes: request.scopes,
        channels: request.channels,
        allowedIps: request.allowedIps,
        secretHash: new Uint8Array(secretHash),
        pepperId: deps.pepper.id,
        last4: secret.last4,
        familyId: secret.id,
        createdAt: new Date(now),
        expiresAt,
      },
    });
    await recordEvents(tx, [
      {
        event: "token.created",
        outcome: "ok",
        actor,
        target: secret.id,
        data: {
          name: request.name,
          role: request.role,
          owner: request.ownerId,
          scopes: request.scopes,
          channels: request.channels,
          allowedIps: request.allowedIps,
          expiresAt: expiresAt?.toISOString() ?? null,
        },
      },
    ]);
  });
  return { id: secret.id, token: secret.text, expiresAt };
}

function parseRequest(input: CreateToken) {
  const parsed = CreateToken.safeParse(input);
  if (parsed.success) {
    return parsed.data;
  }
  const [issue] = parsed.error.issues;
  throw new AppError("INVALID_INPUT", `Token ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "is not valid"}.`);
}

function refuseImpossible(policy: PolicySnapshot, roleName: string, scopes: readonly string[]): void {
  const role = policy.roles.get(roleName);
  if (role === undefined) {
    const known = [...policy.roles.keys()].join(", ");
    throw new AppError(
      "INVALID_INPUT",
      `Role "${roleName}" does not exist. Choose one of: ${known || "none is defined"}.`,
    );
  }
  for (const scope of scopes) {
    if (!isKnownPermission(scope)) {
      throw new AppError(
        "INVALID_INPUT",
        `"${scope}" is not a permission. Examples: read, write, runs:create, tokens:*.`,
      );
    }
    if (!isWithin(role.permissions, scope)) {
      throw new AppError(
        "INVALID_INPUT",
        `Scope "${scope}" goes beyond role "${roleName}" (${role.permissions.join(", ")}). A token cannot hold more than its role.`,
      );
    }
  }
}

async function refuseTooMany(tx: Tx, ownerId: string, maxTokens: number, now: Date): Promise<void> {
  // Serialises mints of one owner, so that two at once cannot both see the last free place.
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`token-owner:${ownerId}`}, 0))`;
  const live = await tx.token.findMany({
    where: { ownerId, revokedAt: null, OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] },
    select: { id: true, name: true },
    orderBy: { createdAt: "asc" },
  });
  if (live.length >= maxTokens) {
    const list = live.map((token) => `${token.id} (${token.name})`).join(", ");
    throw new AppError(
      "CONFLICT",
      `"${ownerId}" already holds ${live.length} of ${maxTokens} live tokens (gateway.tokenConfig.maxTokens). Revoke one first: ${list}.`,
      {
        details: { maxTokens, live },
      },
    );
  }
}
