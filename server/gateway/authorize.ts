/** Step 4, authorize: asks the policy and turns a denial into a refusal that explains itself. */
import { can, decide, type Permission } from "#server/access/index.ts";
import type { AccessRequest, Decision, PolicySnapshot, Principal } from "#server/access/schema.ts";
import { Refusal } from "#server/gateway/refusal.ts";

/** @returns the allowing decision. @throws Refusal FORBIDDEN with reason code and the rule that decided. */
export function authorize(
  policy: PolicySnapshot,
  principal: Principal,
  request: AccessRequest,
): Decision & { allow: true } {
  const decision = decide(policy, principal, request);
  if (decision.allow) {
    return decision;
  }
  const { code, because, message } = decision;
  throw new Refusal(
    "FORBIDDEN",
    message,
    {
      event: "access.denied",
      reason: code,
      because,
      userId: request.userId ?? undefined,
      channel: request.channel,
      data: { command: request.command, role: decision.role, permission: request.permission },
    },
    { details: { reason: code, because } },
  );
}

/** May this principal touch a resource of the API itself (runs, its own identity)? Same roles and scopes, no channel or command. */
export function mayAccess(policy: PolicySnapshot, principal: Principal, permission: Permission): boolean {
  const role = policy.roles.get(principal.role);
  const byRole = !policy.enabled || (role !== undefined && can(role.permissions, permission));
  return byRole && (principal.scopes.length === 0 || can(principal.scopes, permission));
}

/** @throws Refusal FORBIDDEN when `mayAccess` says no. */
export function authorizeAccess(policy: PolicySnapshot, principal: Principal, permission: Permission): void {
  if (!mayAccess(policy, principal, permission)) {
    const because = policy.roles.get(principal.role)?.source ?? `role "${principal.role}"`;
    throw new Refusal(
      "FORBIDDEN",
      `Role "${principal.role}" or this token's scopes lack the permission "${permission}".`,
      { event: "access.denied", reason: "permission_missing", because, data: { permission, role: principal.role } },
      { details: { reason: "permission_missing", because } },
    );
  }
}
