/** Models for runs: what other domains and processes may import. */
export { modelSocketPath, openModelListener } from "#server/models/listener.ts";
