/**
 * Steps 2 and 3, identify and locks: which principal holds this credential. Works from headers alone, before any body is read.
 * Every rejection is on record before it is answered, counts against the address and the account it names (loopback like any other), and
 * looks the same from outside.
 */
import type { Principal } from "#server/access/schema.ts";
import { SURFACES, type Attempt } from "#server/auth/index.ts";
import type { Incoming } from "#server/gateway/exchange.ts";
import { refuseLocked } from "#server/gateway/locks.ts";
import { Refusal } from "#server/gateway/refusal.ts";
import type { GatewayServices } from "#server/gateway/services.ts";
import { TOKEN_PREFIX } from "#server/tokens/index.ts";

const BEARER_FORM = /^Bearer +([\x21-\x7e]{1,512})$/i;

/** Where an attempt comes from, as much as is needed to count and record it. */
export type Origin = Pick<Incoming, "address" | "header">;

/** A credential that was looked at. `account`: the existing account it named. */
export interface Rejected {
  reason: string;
  tokenId: string | null;
  account: string | null;
}

/** The token of a request's headers. */
export function presentedToken(incoming: Origin): string | undefined {
  return BEARER_FORM.exec(incoming.header("authorization") ?? "")?.[1] ?? incoming.header("x-api-key");
}

/** @throws Refusal UNAUTHENTICATED; LOCKED_OUT while the caller has to wait after failed attempts; LOCKED while an incident shuts it out. */
export function identify(services: GatewayServices, incoming: Incoming): Principal {
  return identifyToken(services, incoming, presentedToken(incoming));
}

/** The same for a token that came in another way than by header. @throws Refusal as `identify`. */
export function identifyToken(services: GatewayServices, origin: Origin, presented: string | undefined): Principal {
  const { address } = origin;
  if (presented === undefined) {
    return rejectCredential(services, origin, { reason: "missing", tokenId: null, account: null });
  }
  const check = recognise(services, presented, address);
  if (!check.ok) {
    return rejectCredential(services, origin, check);
  }
  const attempt: Attempt = { kind: SURFACES.token.credential, address, account: check.account };
  const waitMs = services.attempts.waitForRightMs(attempt);
  if (waitMs > 0) {
    throw lockedOut(waitMs, address, check.principal.tokenId);
  }
  services.attempts.succeeded(attempt);
  refuseLocked(services, check.principal);
  if (check.principal.tokenId !== null) {
    services.tokens.touch(check.principal.tokenId, address);
  }
  return check.principal;
}

/** Counts and refuses a credential that was not accepted. @throws Refusal, always. */
export function rejectCredential(services: GatewayServices, origin: Origin, rejected: Rejected): never {
  const { reason, tokenId, account } = rejected;
  const attempt: Attempt = { kind: SURFACES.token.credential, address: origin.address, account };
  const waitMs = services.attempts.waitMs(attempt);
  if (waitMs > 0) {
    throw lockedOut(waitMs, origin.address, tokenId);
  }
  // No token at all is no guess.
  if (reason !== "missing") {
    services.attempts.failed(attempt);
  }
  throw new Refusal(
    "UNAUTHENTICATED",
    "A valid token is needed. Send it as `Authorization: Bearer <token>`; make one with: openclaw gateway generate-token --name <name> --role <role>",
    {
      event: SURFACES.token.rejected,
      reason,
      tokenId: tokenId ?? undefined,
      data: { userAgent: origin.header("user-agent") ?? null },
    },
    // Without a token nothing is guessed and nothing slows it down, so it may come in any number.
    reason === "missing" ? { collapseKey: `missing|${origin.address}` } : {},
  );
}

function lockedOut(waitMs: number, address: string, tokenId: string | null): Refusal {
  const seconds = Math.ceil(waitMs / 1000);
  return new Refusal(
    "LOCKED_OUT",
    `Too many failed attempts from this address. Wait ${seconds} s, then use a valid token.`,
    { event: SURFACES.token.rejected, reason: "locked_out", tokenId: tokenId ?? undefined },
    { retryAfterSeconds: seconds, collapseKey: `locked_out|${address}` },
  );
}

type Recognition = { ok: true; principal: Principal; account: string } | ({ ok: false } & Rejected);

function recognise(services: GatewayServices, presented: string, address: string): Recognition {
  const { configToken, tokens } = services;
  const account = configToken.account();
  const standing = configToken.compare(presented);
  if (standing === "current" && account !== null) {
    return { ok: true, principal: CONFIG_PRINCIPAL, account };
  }
  if (standing === "former") {
    return { ok: false, reason: "replaced", tokenId: null, account: null };
  }
  const check = tokens.check(presented, address);
  if (check.ok) {
    return { ok: true, principal: principalOf(check.token), account: check.token.id };
  }
  // What is not even meant as one of our tokens is a guess at the configured one.
  const guessed = presented.startsWith(TOKEN_PREFIX) ? null : account;
  return { ...check, account: check.reason === "unknown" ? null : (check.tokenId ?? guessed) };
}

interface LiveToken {
  id: string;
  familyId: string;
  ownerId: string;
  name: string;
  roleName: string;
  scopes: readonly string[];
  channels: readonly string[];
  userId: string | null;
}

export function principalOf(token: LiveToken): Principal {
  return {
    // The family, so that limits, runs and retries stay the caller's own when its token is rotated.
    id: `token:${token.familyId}`,
    kind: "token",
    tokenId: token.id,
    ownerId: token.ownerId,
    name: token.name,
    role: token.roleName,
    scopes: token.scopes,
    channels: token.channels,
    boundUserId: token.userId,
  };
}

const CONFIG_PRINCIPAL: Principal = {
  id: "config:gateway.token",
  kind: "config-token",
  tokenId: null,
  ownerId: "operator",
  name: "gateway.token",
  // That of whoever owns the configuration file.
  role: "admin",
  scopes: [],
  channels: [],
  boundUserId: null,
};
