/** What the console adds to the use cases: whose tokens a session reaches, and that a refused change is on record before it is answered. */
import { can, refuseBeyondGrant, type Grantor } from "#server/access/index.ts";
import type { PolicySnapshot } from "#server/access/schema.ts";
import type { Collapser } from "#server/audit/index.ts";
import type { Actor } from "#server/audit/schema.ts";
import type { Clock } from "#server/core/clock.ts";
import type { Db } from "#server/core/db/client.ts";
import { AppError, isAppError, type AppErrorCode } from "#server/core/errors.ts";
import type { GivableRoles } from "#server/tokens/console-schema.ts";
import { revokeToken, type RevokeOptions } from "#server/tokens/revoke-token.ts";

/** A signed-in person, as far as tokens are concerned. */
export interface TokenCaller {
  actor: Actor;
  memberId: string;
  permissions: readonly string[];
}

/** Under which owner the caller's own tokens stand. */
export const ownerOf = ({ memberId }: TokenCaller): string => memberId;

/** The owner whose tokens the caller may touch; undefined = anybody's. */
export function reachOf(caller: TokenCaller): string | undefined {
  return can(caller.permissions, "tokens:any_owner") ? undefined : ownerOf(caller);
}

/** @throws AppError NOT_FOUND for an owner whose tokens are not the caller's to see: whether there are any is not said. */
export function reachableOwner(caller: TokenCaller, asked: string | undefined): string {
  const reach = reachOf(caller);
  const owner = asked ?? ownerOf(caller);
  if (reach !== undefined && owner !== reach) {
    throw new AppError(
      "NOT_FOUND",
      `ownerId: you can only work with your own tokens. Leave the owner out, or ask for the permission "tokens:any_owner".`,
      { details: { field: "ownerId", reason: "owner_not_reachable" } },
    );
  }
  return owner;
}

/** Roles that the grantor may give to a token whole. */
export function givableRoles(policy: PolicySnapshot, grantor: Grantor): GivableRoles["roles"] {
  const { expiresAt, userId, models } = grantor;
  const whole = { scopes: [], channels: [], allowedIps: [...grantor.allowedIps], models, userId, expiresAt };
  return [...policy.roles].flatMap(([name, { permissions, channels }]) => {
    try {
      refuseBeyondGrant(policy, grantor, { ...whole, role: name });
      return [{ name, permissions: [...permissions], channels: [...channels] }];
    } catch (error) {
      if (isAppError(error) && error.code === "FORBIDDEN") {
        return [];
      }
      throw error;
    }
  });
}

const REFUSED: readonly AppErrorCode[] = ["INVALID_INPUT", "FORBIDDEN", "NOT_FOUND", "CONFLICT"];

/** Runs a change; its refusal goes on record as one, with the token it was about. */
export async function recordingRefusal<T>(
  { refusals }: { refusals: Collapser },
  { actor }: TokenCaller,
  target: string | undefined,
  change: () => Promise<T>,
): Promise<T> {
  try {
    return await change();
  } catch (error) {
    if (!isAppError(error) || !REFUSED.includes(error.code)) {
      throw error;
    }
    const stated = error.details?.["reason"];
    const reason = typeof stated === "string" ? stated : error.code.toLowerCase();
    await refusals.record(`token.refused|${actor.id}|${target ?? ""}|${reason}`, {
      event: "token.refused",
      outcome: "denied",
      actor,
      reason,
      ...(target === undefined ? {} : { target }),
    });
    throw error;
  }
}

interface RevokedMany {
  revoked: string[];
  skipped: { id: string; reason: "revoked_before" | "not_found" }[];
}

/** Ends each of them by itself: one that is gone, or not the caller's, holds up no other. */
export async function revokeMany(
  deps: { db: Db; clock: Clock },
  actor: Actor,
  ids: readonly string[],
  options: RevokeOptions,
): Promise<RevokedMany> {
  const outcome: RevokedMany = { revoked: [], skipped: [] };
  for (const id of new Set(ids)) {
    try {
      if (await revokeToken(deps, actor, id, options)) {
        outcome.revoked.push(id);
      } else {
        outcome.skipped.push({ id, reason: "revoked_before" });
      }
    } catch (error) {
      if (!isAppError(error) || error.code !== "NOT_FOUND") {
        throw error;
      }
      outcome.skipped.push({ id, reason: "not_found" });
    }
  }
  return outcome;
}
