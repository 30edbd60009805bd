/** Every route of the API, with the surface that guards it. The HTTP app, the hot path, the documentation's test and the attack tests read this. */
import type { ApiRoute } from "#server/gateway/answer.ts";
import { getMetrics } from "#server/gateway/metrics.ts";
import { getAudit } from "#server/gateway/audit.ts";
import { postExplain } from "#server/gateway/explain.ts";
import { postMessage, postRun } from "#server/gateway/messages.ts";
import { getRunFile, getRunFiles } from "#server/gateway/run-files.ts";
import { deleteRun, getApproval, getOneRun, getRunEvents, getRuns, getRunTranscript } from "#server/gateway/runs.ts";
import { postOwnRotation, postRefresh } from "#server/gateway/token-exchange.ts";
import { deleteToken, getTokens, postRotation, postToken } from "#server/gateway/tokens.ts";
import { getWhoAmI } from "#server/gateway/whoami.ts";
import { MODEL_PATHS } from "#server/models/index.ts";

export const API_ROUTES: readonly ApiRoute[] = [
  { method: "POST", path: "/api/v1/messages", surface: "token", handle: postMessage },
  { method: "GET", path: "/api/v1/runs", surface: "token", handle: getRuns },
  { method: "POST", path: "/api/v1/runs", surface: "token", handle: postRun },
  { method: "GET", path: "/api/v1/runs/:id", surface: "token", handle: getOneRun },
  { method: "DELETE", path: "/api/v1/runs/:id", surface: "token", handle: deleteRun },
  { method: "GET", path: "/api/v1/runs/:id/events", surface: "token", handle: getRunEvents },
  { method: "GET", path: "/api/v1/runs/:id/files", surface: "token", handle: getRunFiles },
  { method: "GET", path: "/api/v1/runs/:id/files/:fileId", surface: "token", handle: getRunFile },
  { method: "GET", path: "/api/v1/runs/:id/transcript", surface: "token", handle: getRunTranscript },
  { method: "GET", path: "/api/v1/approvals/:id", surface: "token", handle: getApproval },
  { method: "GET", path: "/api/v1/audit", surface: "token", handle: getAudit },
  { method: "GET", path: "/metrics", surface: "token", handle: getMetrics },
  { method: "GET", path: "/api/v1/whoami", surface: "token", handle: getWhoAmI },
  { method: "POST", path: "/api/v1/explain", surface: "token", handle: postExplain },
  { method: "POST", path: "/api/v1/tokens/refresh", surface: "token_exchange", handle: postRefresh },
  { method: "POST", path: "/api/v1/tokens/rotate", surface: "token_exchange", handle: postOwnRotation },
  { method: "GET", path: "/api/v1/tokens", surface: "token", handle: getTokens },
  { method: "POST", path: "/api/v1/tokens", surface: "token", handle: postToken },
  { method: "POST", path: "/api/v1/tokens/:id/rotate", surface: "token", handle: postRotation },
  { method: "DELETE", path: "/api/v1/tokens/:id", surface: "token", handle: deleteToken },
];

/** The API of models, in the words of its SDKs; served by `models-api.ts` straight on Node's server. */
export const MODEL_ROUTES: readonly Pick<ApiRoute, "method" | "path" | "surface">[] = [
  ...MODEL_PATHS.map(({ method, path }) => ({ method, path, surface: "token" as const })),
  { method: "GET", path: "/v1/models/:id", surface: "token" },
];

/** Everything that takes a token. */
export const ALL_ROUTES: readonly Pick<ApiRoute, "method" | "path" | "surface">[] = [...API_ROUTES, ...MODEL_ROUTES];

/** Paths of the same app that anybody may read. */
export const PUBLIC_PATHS = ["/healthz", "/readyz", "/startupz", "/openapi.json"] as const;
