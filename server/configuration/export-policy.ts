/** What the database owns, in the words of the configuration file. Pure. */
import type { PolicySnapshot } from "#server/access/schema.ts";
import { printJson5, type LoadedConfig } from "#server/config/index.ts";

/**
 * JSON5 of the policy sections that the file does not hold; put into the file, it owns them from then on.
 * @param owned sections of the file.
 */
export function exportPolicy({ roles, users, channels }: PolicySnapshot, owned: LoadedConfig["owned"]): string {
  const authorization = {
    ...(owned.has("security.authorization.roles")
      ? {}
      : {
          roles: mapped(roles, ({ permissions, channels: ofRole, commands }) => ({
            permissions,
            channels: ofRole,
            commands,
          })),
        }),
    ...(owned.has("security.authorization.users")
      ? {}
      : {
          users: mapped(users, ({ role, channels: ofUser, restrictions, memberId = null }) => ({
            role,
            ...(ofUser === null ? {} : { channels: ofUser }),
            ...(restrictions === null
              ? {}
              : { restrictions: { maxMessages: restrictions.maxMessages, timeWindow: restrictions.timeWindowMs } }),
            ...(memberId === null ? {} : { memberId }),
          })),
        }),
  };
  const sections = {
    ...(Object.keys(authorization).length === 0 ? {} : { security: { authorization } }),
    ...(owned.has("channels")
      ? {}
      : {
          channels: mapped(
            channels,
            ({ allowedUsers, allowedRoles, blockedUsers, allowedCommands, blockedCommands }) => ({
              permissions: {
                allowedUsers,
                allowedRoles,
                blockedUsers,
                commands: {
                  ...(allowedCommands === null ? {} : { allowed: allowedCommands }),
                  blocked: blockedCommands,
                },
              },
            }),
          ),
        }),
  };
  return `${printJson5(sections)}\n`;
}

const mapped = <T>(entries: ReadonlyMap<string, T>, of: (entry: T) => object): Record<string, object> =>
  Object.fromEntries([...entries].map(([name, entry]) => [name, of(entry)]));
