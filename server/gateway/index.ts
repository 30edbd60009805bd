export { createGatewayApp, type GatewayApp } from "#server/gateway/http.ts";
export { hotRoute, serveOnNode } from "#server/gateway/node-adapter.ts";
