/** May this principal call models over the API? It takes a permission of its own, which is in no bundle. */
import { can } from "#server/access/index.ts";
import type { PolicySnapshot, Principal } from "#server/access/schema.ts";
import { authorizeAccess, mayAccess } from "#server/gateway/authorize.ts";
import { Refusal } from "#server/gateway/refusal.ts";

/**
 * Who may call may also see what there is to call. A token made for a person does not reach further than that person: their own role has to
 * allow it as well, and a block on the channel `api` holds here too.
 * @throws Refusal FORBIDDEN
 */
export function authorizeModels(
  policy: PolicySnapshot,
  principal: Principal,
  permission: "models:call" | "models:read",
): void {
  if (permission === "models:call" || !mayAccess(policy, principal, "models:call")) {
    authorizeAccess(policy, principal, permission);
  }
  const { boundUserId } = principal;
  if (boundUserId === null) {
    return;
  }
  const rules = policy.channels.get("api");
  if (rules?.blockedUsers.includes(boundUserId) === true || rules?.blockedUsers.includes("*") === true) {
    throw denied(`User "${boundUserId}" is blocked on channel "api".`, "user_blocked", `${rules.source}.blockedUsers`);
  }
  const user = policy.users.get(boundUserId);
  const role = user === undefined ? undefined : policy.roles.get(user.role);
  const allowed = ["models:call", permission].some((needed) => can(role?.permissions ?? [], needed));
  if (policy.enabled && user !== undefined && user.role !== principal.role && !allowed) {
    const because = role?.source ?? `${user.source}.role`;
    throw denied(`Role "${user.role}" of user "${boundUserId}" lacks "${permission}".`, "permission_missing", because);
  }

  function denied(message: string, reason: string, because: string): Refusal {
    const event = { event: "access.denied", reason, because, data: { permission, role: principal.role } } as const;
    return new Refusal("FORBIDDEN", message, event, { details: { reason, because } });
  }
}
