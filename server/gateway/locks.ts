/**
 * Step 3, locks: whoever or whatever an incident has locked is refused here, with the lock's own words and nothing else. Behind `identify`,
 * so that strangers do not learn what is locked, and ahead of `authorize`.
 */
import type { Principal } from "#server/access/schema.ts";
import { Refusal } from "#server/gateway/refusal.ts";
import type { GatewayServices } from "#server/gateway/services.ts";
import type { Lock } from "#server/incidents/index.ts";

/** @throws Refusal LOCKED for a credential that is shut out, whatever it is used for. */
export function refuseLocked({ locks }: Pick<GatewayServices, "locks">, principal: Principal): void {
  const lock = locks.onPrincipal(principal);
  if (lock !== null) {
    throw lockedRefusal(lock, principal);
  }
}

/** @throws Refusal LOCKED for a message whose sender, their role, or whose channel is shut out. */
export function refuseLockedMessage(
  { locks, policy }: Pick<GatewayServices, "locks" | "policy">,
  principal: Principal,
  { userId, channel }: { userId: string | null; channel: string },
): void {
  const userRole = userId === null ? null : (policy.current().users.get(userId)?.role ?? null);
  const lock = locks.onMessage(principal, { userId, userRole, channel });
  if (lock !== null) {
    throw lockedRefusal(lock, principal, userId);
  }
}

export function lockedRefusal(
  lock: Lock,
  principal: Principal,
  userId: string | null = principal.boundUserId,
): Refusal {
  return new Refusal(
    "LOCKED",
    lock.message,
    {
      event: "incident.refused",
      reason: lock.kind,
      because: lock.id,
      actor:
        principal.kind === "channel"
          ? { type: "user", id: principal.boundUserId ?? principal.name }
          : { type: "token", id: principal.tokenId ?? principal.name },
      tokenId: principal.tokenId ?? undefined,
      userId: userId ?? undefined,
    },
    // Whoever is locked may ask as often as they like.
    { collapseKey: `locked|${lock.id}|${principal.id}|${userId ?? ""}` },
  );
}
