/** What a console session may give away: never more than its role holds. */
import type { Grantor } from "#server/access/index.ts";
import type { PolicySnapshot } from "#server/access/schema.ts";
import type { ConsoleSession } from "#server/auth/session.ts";
import { EVERY_MODEL } from "#server/models/policy.ts";

export function sessionGrantor(policy: PolicySnapshot, session: ConsoleSession): Grantor {
  const role = policy.roles.get(session.role);
  return {
    actor: session.actor,
    role: session.role,
    permissions: role?.permissions ?? [],
    channels: role?.channels ?? [],
    commands: role?.commands ?? [],
    userId: null,
    allowedIps: [],
    models: EVERY_MODEL,
    // A session ends soon; what its holder makes is theirs by role and may outlive it.
    expiresAt: null,
  };
}
