/** The OpenAPI 3.1 document, from the same Zod schemas that validate. */
import type { OpenAPIHono, RouteConfig } from "@hono/zod-openapi";
import { ApprovalState } from "#server/approvals/schema.ts";
import type { Env } from "hono";
import type { z } from "zod";
import { AuditPageView, AuditQuery } from "#server/gateway/audit-query.ts";
import { RunListQuery } from "#server/gateway/runs.ts";
import { ExplainRequest } from "#server/access/schema.ts";
import { RunTranscript } from "#server/sandbox/index.ts";
import {
  ErrorBody,
  ExplainAnswer,
  MessageAnswer,
  MessageBody,
  RunBody,
  RunFileList,
  RunView,
  WhoAmI,
} from "#server/gateway/schema.ts";
import {
  IssuedToken,
  RefreshBody,
  ReplacedToken,
  RevokedToken,
  RotateBody,
  RotateSelfBody,
  TokenBody,
  TokenListQuery,
  TokenPage,
} from "#server/tokens/schema.ts";

const content = (schema: z.ZodType) => ({ content: { "application/json": { schema } } });
const ok = (description: string, schema: z.ZodType) => ({ description, ...content(schema) });

const ERRORS = {
  400: ok("The input is not valid; `details.fields` names every field at fault.", ErrorBody),
  401: ok("No valid token.", ErrorBody),
  403: ok("The policy refuses; `details` holds the reason code and the rule that decided.", ErrorBody),
  404: ok("Unknown command, run or address.", ErrorBody),
  413: ok("The body is too large.", ErrorBody),
  429: ok("A limit is reached or the address is locked out; see `Retry-After`.", ErrorBody),
  503: ok(
    "The sandbox engine, the database or a model is not available, or too many large bodies are under way.",
    ErrorBody,
  ),
};

const ROUTES: readonly Omit<RouteConfig, "security">[] = [
  {
    method: "post",
    path: "/api/v1/messages",
    summary: "Send a message: a command, code to run, or a question",
    description:
      "Answers when the run has ended. `Prefer: respond-async` answers 202 at once; `Accept: text/event-stream` streams the run's events and ends with a `reply` event. `Idempotency-Key` makes a repeated run request the same run.",
    request: { body: { required: true, ...content(MessageBody) } },
    responses: {
      200: ok("The reply.", MessageAnswer),
      202: { description: "Accepted; follow the run, or the approval it waits for." },
      ...ERRORS,
    },
  },
  {
    method: "post",
    path: "/api/v1/runs",
    summary: "Run code in a sandbox",
    request: { body: { required: true, ...content(RunBody) } },
    responses: {
      200: ok("The run's reply.", MessageAnswer),
      202: { description: "Accepted; follow the run, or the approval it waits for." },
      ...ERRORS,
    },
  },
  {
    method: "get",
    path: "/api/v1/runs",
    summary: "List runs, newest first",
    request: { query: RunListQuery },
    responses: { 200: { description: "A page of runs and the cursor of the next one." }, ...ERRORS },
  },
  {
    method: "get",
    path: "/api/v1/runs/{id}",
    summary: "Read a run",
    responses: { 200: ok("The run.", RunView), ...ERRORS },
  },
  {
    method: "delete",
    path: "/api/v1/runs/{id}",
    summary: "Stop a run",
    responses: { 202: { description: "The stop was asked for." }, ...ERRORS },
  },
  {
    method: "get",
    path: "/api/v1/runs/{id}/events",
    summary: "Follow a run as server-sent events; resume with `Last-Event-ID`",
    responses: { 200: { description: "An event stream." }, ...ERRORS },
  },
  {
    method: "get",
    path: "/api/v1/runs/{id}/files",
    summary: "List the files that came with a run or out of it",
    responses: { 200: ok("The files, also those that were refused or quarantined.", RunFileList), ...ERRORS },
  },
  {
    method: "get",
    path: "/api/v1/runs/{id}/files/{fileId}",
    summary: "Read a file of a run",
    responses: {
      200: {
        description: "Its bytes, as an attachment.",
        content: { "application/octet-stream": { schema: { type: "string", format: "binary" } } },
      },
      ...ERRORS,
    },
  },
  {
    method: "get",
    path: "/api/v1/runs/{id}/transcript",
    summary: "Read what a run did: messages, tools and their results, models",
    responses: { 200: ok("The transcript so far.", RunTranscript), ...ERRORS },
  },
  {
    method: "get",
    path: "/api/v1/approvals/{id}",
    summary: "Where a run stands that waits for approval",
    responses: { 200: ok("Its state, and its run once it was started.", ApprovalState), ...ERRORS },
  },
  {
    method: "get",
    path: "/api/v1/audit",
    summary: "Search the audit record, newest first",
    description:
      "Takes `audit:read`. Every parameter narrows the search; `event` takes the beginning of a name or kind, `level` includes what is graver. Reading is itself on record.",
    request: { query: AuditQuery },
    responses: { 200: ok("A page of events and how many there are.", AuditPageView), ...ERRORS },
  },
  {
    method: "get",
    path: "/metrics",
    summary: "Metrics in the text format of Prometheus",
    description: "Takes `monitoring:read`. No label holds a user, an address or a token.",
    responses: {
      200: { description: "The metrics.", content: { "text/plain": { schema: { type: "string" } } } },
      ...ERRORS,
    },
  },
  {
    method: "get",
    path: "/api/v1/whoami",
    summary: "What this token may do",
    responses: { 200: ok("The caller.", WhoAmI), ...ERRORS },
  },
  {
    method: "post",
    path: "/api/v1/explain",
    summary: "Would this be let through, and which rule says so",
    description:
      "Free about oneself; about other users, tokens and roles it takes `policy:explain`. The message asked about takes no place in a limit; the question does.",
    request: { body: { required: true, ...content(ExplainRequest) } },
    responses: { 200: ok("The decision and every check behind it.", ExplainAnswer), ...ERRORS },
  },
  {
    method: "post",
    path: "/api/v1/tokens/refresh",
    summary: "Exchange the caller's token for one with a new full lifetime",
    description:
      "A second refresh with a replaced token counts as theft and ends every token of its family. `Idempotency-Key` makes a repeated request get the same answer for ten minutes.",
    request: { body: content(RefreshBody) },
    responses: { 200: ok("The new token.", ReplacedToken), ...ERRORS },
  },
  {
    method: "post",
    path: "/api/v1/tokens/rotate",
    summary: "Give the caller's token another secret and the same end",
    request: { body: content(RotateSelfBody) },
    responses: { 200: ok("The new token.", ReplacedToken), ...ERRORS },
  },
  {
    method: "get",
    path: "/api/v1/tokens",
    summary: "List tokens, newest first; never a secret",
    request: { query: TokenListQuery },
    responses: { 200: ok("A page of tokens and the cursor of the next one.", TokenPage), ...ERRORS },
  },
  {
    method: "post",
    path: "/api/v1/tokens",
    summary: "Make a token that holds no more than the caller",
    request: { body: { required: true, ...content(TokenBody) } },
    responses: {
      201: ok("The new token.", IssuedToken),
      409: ok("The owner holds too many tokens.", ErrorBody),
      ...ERRORS,
    },
  },
  {
    method: "post",
    path: "/api/v1/tokens/{id}/rotate",
    summary: "Replace a token",
    request: { body: content(RotateBody) },
    responses: {
      200: ok("The new token.", ReplacedToken),
      409: ok("It was replaced or has ended.", ErrorBody),
      ...ERRORS,
    },
  },
  {
    method: "delete",
    path: "/api/v1/tokens/{id}",
    summary: "Revoke a token at once, everywhere",
    responses: { 200: ok("It is revoked.", RevokedToken), ...ERRORS },
  },
];

const MODEL_ERROR = { description: "An error in the words of the API that was called." };

/** The API of models: its bodies are those of the providers, whose own pages describe them. */
const modelCall = (path: string, summary: string): Omit<RouteConfig, "security"> => ({
  method: "post",
  path,
  summary,
  description:
    "As the provider's API of this name, with a token of the gateway in place of a provider's key, and `provider/model` as the model. Takes `models:call`. Errors have the shape of that API.",
  request: { body: { required: true, content: { "application/json": { schema: { type: "object" } } } } },
  responses: {
    200: { description: "The model's answer, or its stream." },
    ...Object.fromEntries([400, 401, 403, 404, 413, 429, 502, 503, 504].map((status) => [status, MODEL_ERROR])),
  },
});
const MODEL_ROUTES: readonly Omit<RouteConfig, "security">[] = [
  modelCall("/v1/chat/completions", "OpenAI chat completions"),
  modelCall("/v1/responses", "OpenAI responses"),
  modelCall("/v1/embeddings", "OpenAI embeddings"),
  modelCall("/v1/messages", "Anthropic messages"),
  modelCall("/v1/messages/count_tokens", "Anthropic: count the tokens of a message"),
  {
    method: "get",
    path: "/v1/models",
    summary: "List the models that this token may call",
    responses: { 200: { description: "A list that both SDKs read." }, 401: MODEL_ERROR, 403: MODEL_ERROR },
  },
  {
    method: "get",
    path: "/v1/models/{id}",
    summary: "One of these models",
    responses: { 200: { description: "The model." }, 401: MODEL_ERROR, 403: MODEL_ERROR, 404: MODEL_ERROR },
  },
];

export function describeApi<E extends Env>(app: OpenAPIHono<E>, version: string): void {
  app.openAPIRegistry.registerComponent("securitySchemes", "token", { type: "http", scheme: "bearer" });
  for (const route of [...ROUTES, ...MODEL_ROUTES]) {
    app.openAPIRegistry.registerPath({ ...route, security: [{ token: [] }] });
  }
  for (const path of ["/healthz", "/readyz", "/startupz"]) {
    app.openAPIRegistry.registerPath({
      method: "get",
      path,
      summary: "Health",
      responses: { 200: { description: "ok" }, 503: { description: "not ok" } },
    });
  }
  app.doc31("/openapi.json", { openapi: "3.1.0", info: { title: "OpenClaw Gateway", version } });
}
