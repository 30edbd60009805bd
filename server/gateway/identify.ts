/**
 * Step 2, identify: which principal holds this credential. Works from headers alone, before any body is read.
 * Every rejection is on record before it is answered, counts against the address (loopback like any other), and looks the same from outside.
 */
import { createHash } from "node:crypto";
import { sameBytes } from "#server/core/crypto/same-bytes.ts";
import type { Principal } from "#server/access/schema.ts";
import { resolveSecret } from "#server/config/index.ts";
import type { Incoming } from "#server/gateway/exchange.ts";
import { Refusal } from "#server/gateway/refusal.ts";
import type { GatewayServices } from "#server/gateway/services.ts";

/** The role of the one token written in the configuration: it belongs to whoever owns the file. */
const CONFIG_TOKEN_ROLE = "admin";
const BEARER_FORM = /^Bearer +([\x21-\x7e]{1,512})$/i;

/** @throws Refusal UNAUTHENTICATED, or LOCKED_OUT while the address has to wait after failed attempts. */
export function identify(services: GatewayServices, incoming: Incoming): Principal {
  const { address } = incoming;
  const presented = BEARER_FORM.exec(incoming.header("authorization") ?? "")?.[1] ?? incoming.header("x-api-key");
  const check = presented === undefined ? null : recognise(services, presented, address);
  if (check?.ok === true) {
    return check.principal;
  }
  const waitMs = services.attempts.waitMs(address);
  if (waitMs > 0) {
    throw lockedOut(waitMs, services.attempts.turnedAway(address));
  }
  if (presented !== undefined) {
    services.attempts.failed(address);
  }
  throw new Refusal(
    "UNAUTHENTICATED",
    "A valid token is needed. Send it as `Authorization: Bearer <token>`; make one with: openclaw gateway generate-token --name <name> --role <role>",
    {
      event: "auth.token_rejected",
      reason: check?.reason ?? "missing",
      tokenId: check?.tokenId ?? undefined,
      data: { userAgent: incoming.header("user-agent") ?? null },
    },
  );
}

/** Recorded at each doubling of the repeats, so that a flood of guesses cannot become a flood of records. */
function lockedOut(waitMs: number, repeats: number): Refusal {
  const seconds = Math.ceil(waitMs / 1000);
  const recorded = Number.isInteger(Math.log2(repeats));
  return new Refusal(
    "LOCKED_OUT",
    `Too many failed attempts from this address. Wait ${seconds} s, then use a valid token.`,
    recorded ? { event: "auth.token_rejected", reason: "locked_out", data: { repeats } } : null,
    { retryAfterSeconds: seconds },
  );
}

type Recognition = { ok: true; principal: Principal } | { ok: false; reason: string; tokenId: string | null };

function recognise(services: GatewayServices, presented: string, address: string): Recognition {
  if (matchesConfigToken(services, presented)) {
    return { ok: true, principal: configPrincipal() };
  }
  const check = services.tokens.check(presented, address);
  if (!check.ok) {
    return check;
  }
  const { token } = check;
  services.tokens.touch(token.id, address);
  return {
    ok: true,
    principal: {
      id: `token:${token.id}`,
      kind: "token",
      tokenId: token.id,
      name: token.name,
      role: token.roleName,
      scopes: token.scopes,
      channels: token.channels,
      boundUserId: token.userId,
    },
  };
}

/** Digests are compared, so that neither length nor content of the configured token shows in the time taken. */
function matchesConfigToken(services: GatewayServices, presented: string): boolean {
  const configured = services.config.current().config.gateway.token;
  if (configured === undefined) {
    return false;
  }
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return sameBytes(digest(presented), digest(resolveSecret("gateway.token", configured)));
}

const configPrincipal = (): Principal => ({
  id: "config:gateway.token",
  kind: "config-token",
  tokenId: null,
  name: "gateway.token",
  role: CONFIG_TOKEN_ROLE,
  scopes: [],
  channels: [],
  boundUserId: null,
});
