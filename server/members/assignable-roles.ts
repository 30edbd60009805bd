/** The roles in force, and which of them a caller may give to a member. Pure. */
import { refuseBeyondGrant, type Grantor } from "#server/access/index.ts";
import type { PolicySnapshot } from "#server/access/schema.ts";
import { isAppError } from "#server/core/errors.ts";
import type { AssignableRole } from "#server/members/schema.ts";

/** By name. Roles that hold more than the caller are listed too, so that nobody looks for them in vain. */
export function assignableRoles(policy: PolicySnapshot, grantor: Grantor): AssignableRole[] {
  return [...policy.roles.keys()]
    .sort((one, other) => one.localeCompare(other, "en"))
    .map((name) => ({ name, isWithinReach: isWithinReach(policy, grantor, name) }));
}

function isWithinReach(policy: PolicySnapshot, grantor: Grantor, role: string): boolean {
  try {
    refuseBeyondGrant(policy, grantor, {
      role,
      scopes: [],
      channels: [],
      userId: grantor.userId,
      allowedIps: grantor.allowedIps,
      models: grantor.models,
      expiresAt: grantor.expiresAt,
    });
    return true;
  } catch (error) {
    if (isAppError(error) && error.code === "FORBIDDEN") {
      return false;
    }
    throw error;
  }
}
