/** Configuration: what the rest of the product may use. */

export type { LoadedConfig } from "#server/config/load.ts";
export type { ConfigEvent, ConfigStore } from "#server/config/store.ts";
export { assertSafe, configProblems, loadConfig } from "#server/config/load.ts";
export { changedPaths } from "#server/config/changed-paths.ts";
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
export { formatPath } from "#server/config/path.ts";
export { locateInConfig } from "#server/config/locate.ts";
export { parseDuration } from "#server/config/units.ts";
export { getConfigValue, setConfigValue } from "#server/config/change.ts";
export { holdsEncrypted, planDecryption, planEncryption, type CryptPlan } from "#server/config/encrypt-file.ts";
export { readConfigFile } from "#server/config/file.ts";
