/** Configuration: what the rest of the product may use. */

export type { LoadedConfig } from "#server/config/load.ts";
export type { ConfigEvent, ConfigStore } from "#server/config/store.ts";
export { assertSafe, configProblems, hashOf, loadConfig } from "#server/config/load.ts";
export { changedPaths, changedSteps } from "#server/config/changed-paths.ts";
export { CONFIG_KEYS, entryAt } from "#server/config/catalogue.ts";
export { maskText, unmaskText } from "#server/config/mask-text.ts";
export { inspectConfig, type ConfigInspection } from "#server/config/inspect.ts";
export { needsRestart } from "#server/config/restart.ts";
export { encryptWith, newSecrets } from "#server/config/new-secrets.ts";
export { readConfigText } from "#server/config/read.ts";
export { secretKept } from "#server/config/encryption.ts";
export { configuredAllowance } from "#server/config/private-hosts.ts";
export { printJson5 } from "#server/config/json5/print.ts";
export { placesIn } from "#server/config/places.ts";
export { weakTokenReason } from "#server/config/safety/token.ts";
export { followLogSettings } from "#server/config/follow-log.ts";
export { openConfigStore } from "#server/config/store.ts";
export { assertTlsFiles, readTlsFiles, tlsFilesOf, type TlsMaterial } from "#server/config/tls/files.ts";
export { certificateWarnings } from "#server/config/tls/certificate.ts";
export { lookupNothing, referencesOf, resolveSecret, visibleText } from "#server/config/references.ts";
export { secretOpener } from "#server/config/sealed-secret.ts";
export { resolveLocation } from "#server/config/location.ts";
export { configuredPaths } from "#server/config/configured-paths.ts";
export { assertStorage } from "#server/config/storage.ts";
export { formatProblem, type Problem } from "#server/config/problems.ts";
export { formatPath, parsePath } from "#server/config/path.ts";
export { setInText } from "#server/config/edit.ts";
export { locateInConfig } from "#server/config/locate.ts";
export { parseDuration } from "#server/config/units.ts";
export { getConfigValue, masked, setConfigValue } from "#server/config/change.ts";
export { holdsEncrypted, planDecryption, planEncryption, type CryptPlan } from "#server/config/encrypt-file.ts";
export { readConfigFile, writeConfigFile } from "#server/config/file.ts";
export {
  Connection,
  CONNECTION_SECRETS,
  KEYS_OF as CONNECTION_KEYS,
  type ConnectionConfig,
  type ConnectionSecret,
} from "#server/config/schema/channels.ts";
