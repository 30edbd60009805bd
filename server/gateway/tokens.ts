/** Tokens over the API: list, make, rotate, revoke. A caller reaches the tokens of its own owner; `tokens:any_owner` widens that. */
import type { Permission } from "#server/access/index.ts";
import type { Principal } from "#server/access/schema.ts";
import { actorOf, type Identified, type PathParams } from "#server/gateway/answer.ts";
import { authorizeAccess, mayAccess } from "#server/gateway/authorize.ts";
import { json, type Outgoing } from "#server/gateway/exchange.ts";
import { readJson, validate } from "#server/gateway/read-json.ts";
import type { GatewayServices } from "#server/gateway/services.ts";
import { changeToken, countCall, grantorFor, readOptionalJson, tokenDeps } from "#server/gateway/token-calls.ts";
import { createToken, listTokens, revokeToken, rotateToken } from "#server/tokens/index.ts";
import { RotateBody, TokenBody, TokenListQuery } from "#server/tokens/schema.ts";

/** `GET /api/v1/tokens` */
export async function getTokens(services: GatewayServices, exchange: Identified): Promise<Outgoing> {
  const { principal, incoming } = exchange;
  const headers = await enter(services, principal, "tokens:read");
  const { owner, ...query } = validate(TokenListQuery, Object.fromEntries(incoming.query));
  if (owner !== undefined) {
    authorizeOwner(services, principal, owner);
  }
  return json(200, await listTokens(services, { ...query, ownerId: owner ?? reach(services, principal) }), headers);
}

/** `POST /api/v1/tokens` */
export async function postToken(services: GatewayServices, exchange: Identified): Promise<Outgoing> {
  const { principal, incoming } = exchange;
  const headers = await enter(services, principal, "tokens:create");
  const { owner, user, expiresInSeconds, ...body } = await readJson(incoming, TokenBody);
  const ownerId = owner ?? principal.ownerId;
  authorizeOwner(services, principal, ownerId);
  const created = await changeToken(undefined, () =>
    createToken(
      tokenDeps(services),
      grantorFor(services, principal, incoming),
      { ...body, ownerId, userId: user, expiresInMs: milliseconds(expiresInSeconds) },
      factsOf(exchange),
    ),
  );
  return json(201, created, headers);
}

/** `POST /api/v1/tokens/:id/rotate` */
export async function postRotation(
  services: GatewayServices,
  exchange: Identified,
  { id: tokenId = "" }: PathParams,
): Promise<Outgoing> {
  const { principal, incoming } = exchange;
  const headers = await enter(services, principal, "tokens:rotate");
  const { graceSeconds, expiresInSeconds } = await readOptionalJson(incoming, RotateBody);
  const input = { tokenId, graceMs: graceSeconds * 1000, expiresInMs: milliseconds(expiresInSeconds) };
  const options = { onlyOwner: reach(services, principal), facts: factsOf(exchange) };
  const rotated = await changeToken(tokenId, () =>
    rotateToken(tokenDeps(services), grantorFor(services, principal, incoming), input, options),
  );
  return json(200, rotated, headers);
}

/** `DELETE /api/v1/tokens/:id` */
export async function deleteToken(
  services: GatewayServices,
  exchange: Identified,
  { id: tokenId = "" }: PathParams,
): Promise<Outgoing> {
  const { principal, incoming } = exchange;
  const headers = await enter(services, principal, "tokens:revoke");
  const options = {
    reason: "revoked over the API",
    onlyOwner: reach(services, principal),
    facts: factsOf(exchange),
  };
  const revoked = await changeToken(tokenId, () =>
    revokeToken(services, actorOf(principal, incoming.address), tokenId, options),
  );
  return json(200, { id: tokenId, revoked }, headers);
}

async function enter(
  services: GatewayServices,
  principal: Principal,
  permission: Permission,
): Promise<Record<string, string>> {
  authorizeAccess(services.policy.current(), principal, permission);
  return countCall(services, principal);
}

/** The owner whose tokens the caller may touch; undefined = anybody's. */
function reach(services: GatewayServices, principal: Principal): string | undefined {
  return mayAccess(services.policy.current(), principal, "tokens:any_owner") ? undefined : principal.ownerId;
}

function authorizeOwner(services: GatewayServices, principal: Principal, ownerId: string): void {
  if (ownerId !== principal.ownerId) {
    authorizeAccess(services.policy.current(), principal, "tokens:any_owner");
  }
}

const milliseconds = (seconds: number | null | undefined): number | null | undefined =>
  typeof seconds === "number" ? seconds * 1000 : seconds;

const factsOf = ({ principal, incoming }: Identified) => ({
  address: incoming.address,
  requestId: incoming.requestId,
  tokenId: principal.tokenId ?? undefined,
});
