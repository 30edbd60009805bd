/** Which policy sections the configuration file owns, in the words of the access domain. */
import type { ConfiguredPolicy } from "#server/access/merge-policy.ts";
import type { LoadedConfig } from "#server/config/index.ts";

export function configuredPolicy({ config, owned }: LoadedConfig): ConfiguredPolicy {
  const { enabled, roles, users } = config.security.authorization;
  return {
    enabled,
    roles: owned.has("security.authorization.roles") ? roles : undefined,
    users: owned.has("security.authorization.users") ? users : undefined,
    channels: owned.has("channels") ? config.channels : undefined,
    modelAccess: config.models.access,
  };
}
