/** The configuration as its file says now, not as it was last loaded: a key that was just written is already there. */
import { loadConfig, resolveSecret, secretOpener, type ConfigStore } from "#server/config/index.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";

export function freshConfig(configFile: string, keyring: Keyring): Pick<ConfigStore, "current" | "secret"> {
  const open = secretOpener(keyring);
  return {
    current: () => loadConfig(configFile, { open }),
    secret: (path, written) => resolveSecret(path, written, { open }),
  };
}
