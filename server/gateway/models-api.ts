/**
 * The API of models: any client of the OpenAI or Anthropic API, with a token of the gateway in place of a provider's key. Same steps as every
 * call (who, may they, limits), then the model's own: allow-list and budgets. Straight on Node's server, because a stream passes byte for
 * byte; errors in the words of the API that was called.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { onOccasion } from "#server/audit/index.ts";
import type { AppError } from "#server/core/errors.ts";
import { ERROR_MEANINGS } from "#server/core/error-map.ts";
import {
  actorOf,
  complete,
  errorReply,
  recordedError,
  type Exchange,
  type Identified,
} from "#server/gateway/answer.ts";
import { authorizeModels } from "#server/gateway/authorize-models.ts";
import { refuseForeignOrigin } from "#server/gateway/browser-origin.ts";
import { withModelBody } from "#server/gateway/model-body.ts";
import { restrictionOf } from "#server/gateway/dispatch.ts";
import { identify } from "#server/gateway/identify.ts";
import { limit } from "#server/gateway/limit.ts";
import { watchCredential } from "#server/gateway/live-stream.ts";
import { incomingOf } from "#server/gateway/node-adapter.ts";
import type { GatewayServices } from "#server/gateway/services.ts";
import { listsOfToken } from "#server/gateway/token-models.ts";
import {
  apiOf,
  errorBody,
  findRoute,
  modelList,
  ModelRefusal,
  modelsFor,
  modelsOfRole,
  prepareCall,
  relayCall,
  reserveCall,
  UNKNOWN_PATH,
  type CallRoute,
  type Caller,
} from "#server/models/index.ts";

const MODELS_PATH = /^\/v1(?:\/|$|\?)/;
const ONE_MODEL = /^\/v1\/models\/([^?]{1,300})/;

/** Whether a request is for the API of models, also where it leads nowhere. */
export const isModelsPath = ({ url }: IncomingMessage): boolean => MODELS_PATH.test(url ?? "");

export async function serveModels(
  services: GatewayServices,
  request: IncomingMessage,
  response: ServerResponse,
  address: string,
): Promise<void> {
  const incoming = incomingOf({ request, response, address });
  const exchange: Exchange = { incoming, principal: null };
  try {
    refuseForeignOrigin(services, incoming);
    const principal = identify(services, incoming);
    const { requestId } = incoming;
    await onOccasion({ requestId, address, tokenId: principal.tokenId ?? undefined }, () =>
      serve(services, Object.assign(exchange, { principal }), request, response),
    );
  } catch (error) {
    await refuse(services, exchange, error, request, response);
  }
}

async function serve(
  services: GatewayServices,
  exchange: Identified,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { incoming, principal } = exchange;
  const { url = "", method = "" } = request;
  authorizeModels(services.policy.current(), principal, method === "GET" ? "models:read" : "models:call");
  const route = findRoute(method, url);
  const upstream = route?.upstream ?? null;
  if (route !== null && upstream !== null) {
    const call = withModelBody(incoming, (body) =>
      callModel(services, exchange, { ...route, upstream }, body, request, response),
    );
    await services.models.track(call);
  } else if (route !== null) {
    sendList(services, exchange, response);
  } else if (method === "GET" && ONE_MODEL.test(url)) {
    sendOne(services, exchange, response, decoded(ONE_MODEL.exec(url)?.[1] ?? ""));
  } else {
    throw new ModelRefusal(404, "path_unknown", UNKNOWN_PATH);
  }
}

async function callModel(
  services: GatewayServices,
  exchange: Identified,
  route: CallRoute,
  body: { text: string; bytes: number },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { incoming, principal } = exchange;
  const prepared = prepareCall(services, callerOf(services, exchange), route, body);
  const admission = await limit(services, {
    subject: principal.boundUserId ?? principal.id,
    role: principal.role,
    channel: "api",
    command: "model",
    restriction: restrictionOf(services.policy.current(), principal.boundUserId),
  });
  exchange.limitHeaders = admission.headers;
  let outcome: "succeeded" | "failed" = "failed";
  try {
    const call = await reserveCall(services, prepared);
    const ending = await relayCall(services, call, {
      headers: request.headers,
      response,
      stopping: services.models.stopping,
      client: {
        headers: headersOf(services, exchange),
        watch: (end) =>
          watchCredential(services, { principal, incoming }, (lock) =>
            lock === null ? end("token_ended") : end("locked", lock.message),
          ),
      },
    });
    outcome = ending === "answered" ? "succeeded" : "failed";
  } finally {
    admission.ticket.settle(outcome);
  }
}

function callerOf(services: GatewayServices, { incoming, principal }: Identified): Caller {
  const { access } = services.config.current().config.models;
  const subject = principal.boundUserId ?? principal.id;
  // A person's own role narrows what a token made for them may use.
  const userRole =
    principal.boundUserId === null ? undefined : services.policy.current().users.get(principal.boundUserId)?.role;
  const roles = userRole === undefined || userRole === principal.role ? [principal.role] : [principal.role, userRole];
  return {
    kind: "client",
    models: [...roles.map((role) => modelsOfRole(access, role)), ...listsOfToken(services, principal)],
    payer: { principalId: principal.id, tokenName: principal.name, subject, role: principal.role, channel: "api" },
    requestId: incoming.requestId,
    origin: {
      actor: actorOf(principal, incoming.address),
      tokenId: principal.tokenId ?? undefined,
      userId: principal.boundUserId ?? undefined,
      channel: "api",
      address: incoming.address,
      requestId: incoming.requestId,
    },
    grant: null,
  };
}

function sendList(services: GatewayServices, exchange: Identified, response: ServerResponse): void {
  const { models } = callerOf(services, exchange);
  const names = modelsFor(services.config.current().config, models);
  send(response, 200, headersOf(services, exchange), JSON.stringify(modelList(names)));
}

function sendOne(services: GatewayServices, exchange: Identified, response: ServerResponse, name: string): void {
  const { models } = callerOf(services, exchange);
  if (!modelsFor(services.config.current().config, models).includes(name)) {
    throw new ModelRefusal(
      404,
      "model_not_found",
      "There is no such model here; GET /v1/models lists those there are.",
    );
  }
  const [one] = modelList([name]).data;
  send(response, 200, headersOf(services, exchange), JSON.stringify(one));
}

/** Names have a slash, which SDKs encode. Empty, which names nothing, where the encoding is none. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

/** What every answer carries; Anthropic's SDK looks for the id under its own name. */
function headersOf(
  services: GatewayServices,
  { incoming: { requestId }, limitHeaders }: Exchange,
): Record<string, string> {
  const { headers } = complete(services, { status: 200, headers: { ...limitHeaders }, body: "" }, requestId);
  headers["request-id"] = requestId;
  return headers;
}

async function refuse(
  services: GatewayServices,
  exchange: Exchange,
  error: unknown,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { incoming } = exchange;
  const { status, code, message, headers } =
    error instanceof ModelRefusal
      ? await refusalOf(services, exchange, error)
      : failureOf(await recordedError(services, exchange, error), incoming.requestId);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const api = apiOf(incoming.path, request.headers);
  send(response, status, { ...headersOf(services, exchange), ...headers }, errorBody(api, status, code, message));
}

interface Told {
  status: number;
  code: string;
  message: string;
  headers: Record<string, string>;
}

/** Both SDKs would try again after a 429 and what they do not know, which helps only where waiting helps. */
const FINAL: Readonly<Record<string, string>> = { "x-should-retry": "false" };

async function refusalOf(services: GatewayServices, exchange: Exchange, error: ModelRefusal): Promise<Told> {
  const { incoming, principal } = exchange;
  const { status, code, message, model, because, retryAfterSeconds } = error;
  try {
    // A client in a loop must not fill the record: its refusals of one kind at the same time are counted together.
    await services.refusals.record(`model.refused|${principal?.id ?? incoming.address}|${code}`, {
      event: "model.refused",
      outcome: "denied",
      actor: actorOf(principal, incoming.address),
      tokenId: principal?.tokenId ?? undefined,
      userId: principal?.boundUserId ?? undefined,
      channel: "api",
      address: incoming.address,
      requestId: incoming.requestId,
      reason: code,
      because,
      data: { status, model: model ?? null, path: incoming.path },
    });
  } catch (failure) {
    services.log.error({ err: failure, requestId: incoming.requestId }, "a refusal could not be recorded");
    const unrecorded = "The gateway cannot record its decision about this call now. Try again later.";
    return { status: 503, code: "unavailable", message: unrecorded, headers: {} };
  }
  const wait: Record<string, string> =
    retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) };
  return { status, code, message, headers: { ...FINAL, ...wait } };
}

function failureOf(error: AppError, requestId: string): Told {
  const { http: status } = ERROR_MEANINGS[error.code];
  const { "content-type": _, ...headers } = errorReply(error, requestId).headers;
  const mayRetry = status >= 500 || error.code === "RATE_LIMITED";
  return {
    status,
    code: error.code.toLowerCase(),
    message: error.message,
    headers: mayRetry ? headers : { ...headers, ...FINAL },
  };
}

function send(response: ServerResponse, status: number, headers: Record<string, string>, body: string): void {
  if (response.destroyed) {
    return;
  }
  response.writeHead(status, {
    ...headers,
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(body)),
  });
  response.end(body);
}
