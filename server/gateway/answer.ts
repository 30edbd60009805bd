/**
 * The frame around every API call: runs the handler, records a refusal before it is answered, and turns any error into one body shape.
 * When a refusal cannot be recorded the call is refused all the same, as unavailable.
 */
import type { Actor, AuditEventInput } from "#server/audit/schema.ts";
import type { Principal } from "#server/access/schema.ts";
import { ERROR_MEANINGS } from "#server/core/error-map.ts";
import { AppError } from "#server/core/errors.ts";
import { json, type Incoming, type Outgoing } from "#server/gateway/exchange.ts";
import { Refusal } from "#server/gateway/refusal.ts";
import type { GatewayServices } from "#server/gateway/services.ts";

/** What a handler learns on its way; the record of a refusal uses as much of it as is known by then. */
export interface Exchange {
  incoming: Incoming;
  principal: Principal | null;
}

export type Handler = (services: GatewayServices, exchange: Exchange) => Promise<Outgoing>;

export async function answer(services: GatewayServices, incoming: Incoming, handler: Handler): Promise<Outgoing> {
  const exchange: Exchange = { incoming, principal: null };
  let outgoing: Outgoing;
  try {
    outgoing = await handler(services, exchange);
  } catch (error) {
    outgoing = await refuse(services, exchange, error);
  }
  outgoing.headers["x-request-id"] = incoming.requestId;
  outgoing.headers["cache-control"] = "no-store";
  return outgoing;
}

async function refuse(services: GatewayServices, exchange: Exchange, error: unknown): Promise<Outgoing> {
  const { incoming } = exchange;
  const known = error instanceof AppError ? error : unexpected(services, incoming, error);
  const event = refusalEvent(exchange, known);
  if (event !== null && known.code !== "AUDIT_UNAVAILABLE") {
    try {
      await services.audit.append([event]);
    } catch (failure) {
      services.log.error({ err: failure, requestId: incoming.requestId }, "a refusal could not be recorded");
      return errorReply(failure instanceof AppError ? failure : known, incoming.requestId);
    }
  }
  return errorReply(known, incoming.requestId);
}

function unexpected(services: GatewayServices, incoming: Incoming, error: unknown): AppError {
  services.log.error({ err: error, requestId: incoming.requestId, path: incoming.path }, "request failed");
  return new AppError("INTERNAL", `The gateway failed on this request. Look for ${incoming.requestId} in its log.`, {
    cause: error,
  });
}

function refusalEvent(exchange: Exchange, error: AppError): AuditEventInput | null {
  const { incoming, principal } = exchange;
  const own =
    error instanceof Refusal ? error.event : { event: "message.refused" as const, reason: error.code.toLowerCase() };
  if (own === null) {
    return null;
  }
  return {
    outcome: error.code === "INTERNAL" ? "failed" : "denied",
    actor: actorOf(principal, incoming.address),
    tokenId: principal?.tokenId ?? undefined,
    address: incoming.address,
    requestId: incoming.requestId,
    target: `${incoming.method} ${incoming.path}`,
    ...own,
  };
}

export function actorOf(principal: Principal | null, address: string): Actor {
  return principal === null
    ? { type: "anonymous", id: address }
    : { type: "token", id: principal.tokenId ?? principal.name };
}

export function errorReply(error: AppError, requestId: string): Outgoing {
  const { http } = ERROR_MEANINGS[error.code];
  const headers: Record<string, string> = error instanceof Refusal ? { ...error.headers } : {};
  if (error.retryAfterSeconds !== undefined) {
    headers["retry-after"] = String(error.retryAfterSeconds);
  }
  if (http === 401) {
    headers["www-authenticate"] = 'Bearer realm="openclaw"';
  }
  const details = error.details === undefined ? {} : { details: error.details };
  return json(
    http,
    { error: { code: error.code.toLowerCase(), message: error.message, ...details, requestId } },
    headers,
  );
}
