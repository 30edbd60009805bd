/**
 * The holder of a token exchanges it: refresh, and rotation by itself. Apart from the other calls because a replaced token gets this far:
 * only then can the second use of one be told from a wrong token.
 */
import type { Principal } from "#server/access/schema.ts";
import { SURFACES } from "#server/auth/index.ts";
import { AppError } from "#server/core/errors.ts";
import type { Exchange } from "#server/gateway/answer.ts";
import { json, type Incoming, type Outgoing } from "#server/gateway/exchange.ts";
import { identifyToken, presentedToken, principalOf, rejectCredential } from "#server/gateway/identify.ts";
import { refuseLocked } from "#server/gateway/locks.ts";
import { Refusal } from "#server/gateway/refusal.ts";
import type { GatewayServices } from "#server/gateway/services.ts";
import { changeToken, countCall, readOptionalJson, tokenDeps } from "#server/gateway/token-calls.ts";
import { exchangeToken } from "#server/tokens/index.ts";
import { ExchangeKey, RefreshBody, RotateSelfBody } from "#server/tokens/schema.ts";

/** `POST /api/v1/tokens/refresh`: a new full lifetime. */
export async function postRefresh(services: GatewayServices, exchange: Exchange): Promise<Outgoing> {
  const { incoming } = exchange;
  if (!services.config.current().config.gateway.tokenConfig.refreshEnabled) {
    exchange.principal = identifyToken(services, incoming, presentedToken(incoming));
    throw new Refusal(
      "FORBIDDEN",
      "Tokens cannot be refreshed here: gateway.tokenConfig.refreshEnabled is false. Ask an operator for a new one.",
      { event: "token.refused", reason: "refresh_disabled", because: "gateway.tokenConfig.refreshEnabled" },
    );
  }
  const holder = identifyHolder(services, exchange);
  const headers = await count(services, holder, incoming);
  const { graceSeconds } = await readOptionalJson(incoming, RefreshBody);
  return respond(services, incoming, { ...holder, kind: "refresh", graceSeconds, headers });
}

/** `POST /api/v1/tokens/rotate`: another secret, the same end. */
export async function postOwnRotation(services: GatewayServices, exchange: Exchange): Promise<Outgoing> {
  const holder = identifyHolder(services, exchange);
  const headers = await count(services, holder, exchange.incoming);
  const { graceSeconds } = await readOptionalJson(exchange.incoming, RotateSelfBody);
  return respond(services, exchange.incoming, { ...holder, kind: "rotate", graceSeconds, headers });
}

interface Holder {
  principal: Principal;
  tokenId: string;
  /** The presented token. */
  text: string;
}

/** @throws Refusal as `identify`; FORBIDDEN for the token of the configuration file. */
function identifyHolder(services: GatewayServices, exchange: Exchange): Holder {
  const { incoming } = exchange;
  const text = presentedToken(incoming);
  const check = text === undefined ? null : services.tokens.checkForExchange(text, incoming.address);
  const replaced = check?.ok === true && check.state === "superseded" ? check.token : null;
  const principal = replaced === null ? identifyToken(services, incoming, text) : principalOf(replaced);
  exchange.principal = principal;
  refuseLocked(services, principal);
  if (text === undefined || principal.tokenId === null) {
    throw new Refusal(
      "FORBIDDEN",
      "gateway.token stands in the configuration file and cannot be exchanged. Replace it with: openclaw gateway rotate-token",
      { event: "token.refused", reason: "configured_token", because: "gateway.token" },
    );
  }
  return { principal, tokenId: principal.tokenId, text };
}

/** A token that has ended takes no place in its family's limits, but waits like a wrong one: it may be in a thief's hands. */
async function count(
  services: GatewayServices,
  { principal, tokenId }: Holder,
  incoming: Incoming,
): Promise<Record<string, string>> {
  const { address } = incoming;
  if (services.tokens.isLive(tokenId, address)) {
    return countCall(services, principal);
  }
  const { credential } = SURFACES.token_exchange;
  if (services.attempts.waitForRightMs({ kind: credential, address, account: tokenId }) > 0) {
    rejectCredential(services, incoming, { reason: "expired", tokenId, account: tokenId });
  }
  return {};
}

interface Asked extends Holder {
  kind: "refresh" | "rotate";
  graceSeconds: number;
  headers: Record<string, string>;
}

async function respond(services: GatewayServices, incoming: Incoming, asked: Asked): Promise<Outgoing> {
  const { kind, tokenId, text, graceSeconds, headers } = asked;
  const retryKey = retryKeyOf(incoming);
  const facts = { address: incoming.address, requestId: incoming.requestId, tokenId };
  const request = { kind, tokenId, text, graceMs: graceSeconds * 1000, retryKey, facts };
  const exchanged = await changeToken(tokenId, () => exchangeToken(tokenDeps(services), request));
  return exchanged.ok
    ? json(200, exchanged.token, headers)
    : rejectCredential(services, incoming, { reason: exchanged.reason, tokenId, account: tokenId });
}

function retryKeyOf(incoming: Incoming): string | undefined {
  const key = incoming.header("idempotency-key");
  if (key === undefined) {
    return undefined;
  }
  if (!ExchangeKey.safeParse(key).success) {
    throw new AppError(
      "INVALID_INPUT",
      "Idempotency-Key: 16 to 128 printable ASCII characters without blanks are needed; a random UUID will do.",
      { details: { fields: [{ field: "Idempotency-Key", problem: "16 to 128 printable ASCII characters" }] } },
    );
  }
  return key;
}
