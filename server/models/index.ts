/** Models for runs: what other domains and processes may import. */
export { newRunToken, parseRunToken } from "#server/models/run-token.ts";
export { modelSocketPath, openModelListener, type ModelListener } from "#server/models/listener.ts";
