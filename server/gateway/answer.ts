/**
 * The frame around every API call: proves who asks before anything else, runs the handler, records a refusal before it is answered, and turns
 * any error into one body shape. When a refusal cannot be recorded the call is refused all the same, as unavailable.
 */
import type { Principal } from "#server/access/schema.ts";
import { faultFacts, onOccasion } from "#server/audit/index.ts";
import type { Actor, AuditEventInput } from "#server/audit/schema.ts";
import { ERROR_MEANINGS } from "#server/core/error-map.ts";
import { AppError } from "#server/core/errors.ts";
import { apiSecurityHeaders } from "#server/core/http/security-headers.ts";
import {
  isWhole,
  json,
  type Call,
  type Incoming,
  type Outgoing,
  type WholeOutgoing,
} from "#server/gateway/exchange.ts";
import { identify } from "#server/gateway/identify.ts";
import { endWithToken } from "#server/gateway/live-stream.ts";
import { Refusal } from "#server/gateway/refusal.ts";
import { refuseForeignOrigin } from "#server/gateway/browser-origin.ts";
import type { GatewayServices } from "#server/gateway/services.ts";

/** What is learnt of a call on its way; the record of a refusal uses as much of it as is known by then. */
export interface Exchange<Carried extends Call = Incoming> {
  incoming: Carried;
  principal: Principal | null;
  /** Where the limits stand that have counted the call; a refusal that comes later tells it too. */
  limitHeaders?: Readonly<Record<string, string>>;
}

/** A call whose caller is known. */
export type Identified<Carried extends Call = Incoming> = Exchange<Carried> & { principal: Principal };

/** Values of a path's `:name` parts. */
export type PathParams = Readonly<Record<string, string>>;

/** How a caller proves who it is; see server/auth/surfaces.ts. */
export type ApiRoute = { method: "GET" | "POST" | "DELETE"; path: string } & (
  | {
      surface: "token";
      handle: (services: GatewayServices, exchange: Identified, params: PathParams) => Promise<Outgoing>;
    }
  | {
      /** The handler checks the token itself: a superseded one may still ask for its successor. */
      surface: "token_exchange";
      handle: (services: GatewayServices, exchange: Exchange, params: PathParams) => Promise<Outgoing>;
    }
);

export async function answer(
  services: GatewayServices,
  incoming: Incoming,
  route: ApiRoute,
  params: PathParams = {},
): Promise<Outgoing> {
  const exchange: Exchange = { incoming, principal: null };
  const { telemetry } = services.metrics;
  const startMs = telemetry.tracing() ? services.clock.now() : null;
  let outgoing: Outgoing;
  try {
    refuseForeignOrigin(services, incoming);
    outgoing = await handle(services, exchange, route, params);
  } catch (error) {
    outgoing = await refuse(services, exchange, error);
  }
  if (startMs !== null) {
    const { method, requestId } = incoming;
    const { status } = outgoing;
    telemetry.answered({ requestId, method, route: route.path, status, startMs, endMs: services.clock.now() });
  }
  return complete(services, outgoing, incoming.requestId);
}

async function handle(
  services: GatewayServices,
  exchange: Exchange,
  route: ApiRoute,
  params: PathParams,
): Promise<Outgoing> {
  if (route.surface === "token_exchange") {
    return route.handle(services, exchange, params);
  }
  const principal = identify(services, exchange.incoming);
  exchange.principal = principal;
  refuseStrangeParams(params);
  const { address, requestId } = exchange.incoming;
  const outgoing = await onOccasion({ requestId, address, tokenId: principal.tokenId ?? undefined }, () =>
    route.handle(services, Object.assign(exchange, { principal }), params),
  );
  const { body } = outgoing;
  return isWhole(body)
    ? outgoing
    : { ...outgoing, body: endWithToken(services, { principal, incoming: exchange.incoming }, body) };
}

/** Ids of ours look like this; anything else names nothing, and would only trouble the database (`%00`). */
const ID_FORM = /^[0-9A-Za-z_-]{1,64}$/;

/** @throws AppError NOT_FOUND */
function refuseStrangeParams(params: PathParams): void {
  if (Object.values(params).some((value) => !ID_FORM.test(value))) {
    throw new AppError("NOT_FOUND", "There is nothing with this id.");
  }
}

/** Headers that every answer of the API carries. */
export function complete<Answer extends Outgoing>(
  services: Pick<GatewayServices, "web">,
  outgoing: Answer,
  requestId: string,
): Answer {
  Object.assign(outgoing.headers, apiSecurityHeaders(services.web));
  outgoing.headers["x-request-id"] = requestId;
  outgoing.headers["cache-control"] = "no-store";
  return outgoing;
}

async function refuse(services: GatewayServices, exchange: Exchange, error: unknown): Promise<Outgoing> {
  const reply = errorReply(await recordedError(services, exchange, error), exchange.incoming.requestId);
  return { ...reply, headers: { ...exchange.limitHeaders, ...reply.headers } };
}

/** What to answer instead of a result, once it is on record; also for what is refused outside HTTP, such as a frame of a live connection. */
export async function recordedError(
  services: GatewayServices,
  exchange: Exchange<Call>,
  error: unknown,
): Promise<AppError> {
  const { incoming } = exchange;
  const known = error instanceof AppError ? error : unexpected(services, incoming, error);
  try {
    await recordRefusal(services, exchange, known);
  } catch (failure) {
    services.log.error({ err: failure, requestId: incoming.requestId }, "a refusal could not be recorded");
    return failure instanceof AppError ? failure : known;
  }
  return known;
}

async function recordRefusal(services: GatewayServices, exchange: Exchange<Call>, error: AppError): Promise<void> {
  if (error.code === "AUDIT_UNAVAILABLE") {
    return;
  }
  const { incoming, principal } = exchange;
  const event: AuditEventInput = {
    outcome: error.code === "INTERNAL" ? "failed" : "denied",
    actor: actorOf(principal, incoming.address),
    tokenId: principal?.tokenId ?? undefined,
    address: incoming.address,
    requestId: incoming.requestId,
    target: `${incoming.method} ${incoming.path}`,
    ...ownEvent(error),
  };
  const collapseKey = collapseKeyOf(error, event, principal);
  await (collapseKey === undefined ? services.audit.append([event]) : services.refusals.record(collapseKey, event));
}

/** What the place that refused knows of it; a fault of ours is no refusal. */
function ownEvent(error: AppError): Pick<AuditEventInput, "event" | "reason"> & Partial<AuditEventInput> {
  if (error instanceof Refusal) {
    return error.event;
  }
  return error.code === "INTERNAL"
    ? { event: "system.error", reason: "request_failed", data: faultFacts(error.cause ?? error) }
    : { event: "message.refused", reason: error.code.toLowerCase() };
}

/**
 * Known callers may be refused as often as they like to ask, so what comes from one of them for one reason at the same time shares records.
 * Whose guesses are slowed down anyway is recorded each time.
 */
function collapseKeyOf(error: AppError, { event, reason, because }: AuditEventInput, principal: Principal | null) {
  const own = error instanceof Refusal ? error.collapseKey : undefined;
  // Of a channel it is the sender who is told apart, not the channel.
  return (
    own ??
    (principal === null ? undefined : JSON.stringify([event, reason, because, principal.id, principal.boundUserId]))
  );
}

function unexpected(services: GatewayServices, incoming: Call, error: unknown): AppError {
  services.log.error({ err: error, requestId: incoming.requestId, path: incoming.path }, "request failed");
  return new AppError("INTERNAL", `The gateway failed on this request. Look for ${incoming.requestId} in its log.`, {
    cause: error,
  });
}

export function actorOf(principal: Principal | null, address: string): Actor {
  if (principal === null) {
    return { type: "anonymous", id: address };
  }
  return principal.kind === "channel"
    ? { type: "user", id: principal.boundUserId ?? principal.name }
    : { type: "token", id: principal.tokenId ?? principal.name };
}

/** The one shape of an error, whatever carries it. */
export function errorBody(error: AppError, requestId: string) {
  const details = error.details === undefined ? {} : { details: error.details };
  return { error: { code: error.code.toLowerCase(), message: error.message, ...details, requestId } };
}

export function errorReply(error: AppError, requestId: string): WholeOutgoing {
  const { http } = ERROR_MEANINGS[error.code];
  const headers: Record<string, string> = error instanceof Refusal ? { ...error.headers } : {};
  if (error.retryAfterSeconds !== undefined) {
    headers["retry-after"] = String(error.retryAfterSeconds);
  }
  if (http === 401) {
    headers["www-authenticate"] = 'Bearer realm="openclaw"';
  }
  return json(http, errorBody(error, requestId), headers);
}
