/** What a console session may give away: never more than its role holds. */
import { can, type Grantor } from "#server/access/index.ts";
import type { PolicySnapshot } from "#server/access/schema.ts";
import type { ConsoleSession } from "#server/auth/session.ts";
import { EVERY_MODEL, modelsOfRole } from "#server/models/policy.ts";

export function sessionGrantor(policy: PolicySnapshot, session: ConsoleSession): Grantor {
  const role = policy.roles.get(session.role);
  const permissions = role?.permissions ?? [];
  return {
    actor: session.actor,
    role: session.role,
    permissions,
    channels: role?.channels ?? [],
    commands: role?.commands ?? [],
    userId: null,
    allowedIps: [],
    models: EVERY_MODEL,
    // Who writes the configuration here decides in `models.access` themselves, also where their own role is not in it.
    roleModels: can(permissions, "config:write") ? EVERY_MODEL : modelsOfRole(policy.modelAccess, session.role).names,
    // A session ends soon; what its holder makes is theirs by role and may outlive it.
    expiresAt: null,
  };
}
