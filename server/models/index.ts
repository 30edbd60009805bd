/** Models: what other domains and processes may import. */
export { prepareCall, reserveCall, type CallRoute } from "#server/models/accept.ts";
export { modelsOfRole, modelsOfToken, type ModelList } from "#server/models/access.ts";
export { errorBody, ModelRefusal } from "#server/models/api-error.ts";
export type { Caller } from "#server/models/caller.ts";
export { openModelCore, type ModelCore } from "#server/models/core.ts";
export { modelViews, providerViews } from "#server/models/console.ts";
export { modelSocketPath, openModelListener } from "#server/models/listener.ts";
export { modelsFor } from "#server/models/listing.ts";
export { probeModel } from "#server/models/probe.ts";
export { relayCall } from "#server/models/relay.ts";
export { apiOf, findRoute, modelList, modelsOfAll, MODEL_PATHS, UNKNOWN_PATH } from "#server/models/resolve.ts";
