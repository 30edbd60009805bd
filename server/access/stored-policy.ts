/** The policy's tables as one value. One statement, so that a reader never sees half of a change. */
import type { StoredPolicy } from "#server/access/merge-policy.ts";

/** A list that was never written grants nothing; only a user's channels may be absent, which means the role's own. */
export const STORED_POLICY_SQL = `
  SELECT json_build_object(
    'roles', (SELECT coalesce(json_agg(json_build_object('name', name, 'permissions', coalesce(permissions, '{}'),
               'channels', coalesce(channels, '{}'), 'commands', coalesce(commands, '{}'))), '[]') FROM role),
    'users', (SELECT coalesce(json_agg(json_build_object('id', id, 'roleName', role_name, 'channels', channels,
               'maxMessages', max_messages, 'timeWindowMs', time_window_ms, 'memberId', member_id)), '[]') FROM gateway_user),
    'channels', (SELECT coalesce(json_agg(json_build_object('channel', channel, 'allowedUsers', coalesce(allowed_users, '{}'),
               'allowedRoles', coalesce(allowed_roles, '{}'), 'blockedUsers', coalesce(blocked_users, '{}'),
               'allowedCommands', coalesce(allowed_commands, '{}'), 'blockedCommands', coalesce(blocked_commands, '{}'))), '[]')
               FROM channel_policy)
  ) AS policy`;

export interface StoredPolicyRow {
  policy: StoredPolicy;
}

export function storedPolicyOf([row]: readonly StoredPolicyRow[]): StoredPolicy {
  return row?.policy ?? { roles: [], users: [], channels: [] };
}
