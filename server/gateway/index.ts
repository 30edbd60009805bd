export { createConfigToken } from "#server/gateway/config-token.ts";
export { createGatewayApp, type GatewayApp } from "#server/gateway/http.ts";
export { hotRoute, serveOnNode } from "#server/gateway/node-adapter.ts";
export { isModelsPath, serveModels } from "#server/gateway/models-api.ts";
export { openWebSockets } from "#server/gateway/ws/index.ts";
export { explainLimits } from "#server/gateway/explain-limits.ts";
