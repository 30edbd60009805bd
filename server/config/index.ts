/** Configuration: what the rest of the product may use. */
export type { Config } from "#server/config/schema.ts";
export type { Problem } from "#server/config/problems.ts";
export type { LoadedConfig, PolicySection } from "#server/config/load.ts";
export type { ConfigEvent, ConfigStatus, ConfigStore } from "#server/config/store.ts";
export { loadConfig, configProblems, assertSafe, problemsOf, defaultConfig } from "#server/config/load.ts";
export { openConfigStore } from "#server/config/store.ts";
export { resolveSecret } from "#server/config/references.ts";
export { weakTokenReason } from "#server/config/safety/token.ts";
export { isLoopback } from "#server/config/safety/network.ts";
export { formatProblem } from "#server/config/problems.ts";
