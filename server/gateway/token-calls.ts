/** What the calls that make tokens have in common. */
import type { z } from "zod";
import { grantorOf, type Grantor } from "#server/access/index.ts";
import type { Principal } from "#server/access/schema.ts";
import { AppError, type AppErrorCode } from "#server/core/errors.ts";
import { actorOf } from "#server/gateway/answer.ts";
import type { Incoming } from "#server/gateway/exchange.ts";
import { limit } from "#server/gateway/limit.ts";
import { readJson, validate } from "#server/gateway/read-json.ts";
import { Refusal } from "#server/gateway/refusal.ts";
import type { GatewayServices } from "#server/gateway/services.ts";
import { EVERY_MODEL } from "#server/models/policy.ts";
import type { TokenDeps } from "#server/tokens/index.ts";

export function tokenDeps(services: GatewayServices): TokenDeps {
  const { db, clock, pepper } = services;
  const settings = services.config.current().config.gateway.tokenConfig;
  return { db, clock, pepper, settings, policy: services.policy.current() };
}

/** What the caller may give. The token of the configuration file has no end and no addresses of its own. */
export function grantorFor(services: GatewayServices, principal: Principal, { address }: Incoming): Grantor {
  const token = principal.tokenId === null ? null : services.tokens.get(principal.tokenId);
  if (token === undefined) {
    // Ended in the moment since it was checked.
    throw new AppError("FORBIDDEN", "The token of this call is no longer known. Use a valid one.");
  }
  return grantorOf(services.policy.current(), principal, {
    actor: actorOf(principal, address),
    allowedIps: token?.allowedIps ?? [],
    models: token?.models ?? EVERY_MODEL,
    expiresAt: token?.expiresAt ?? null,
  });
}

/** Counts a call on tokens. @returns the headers that say where the limits stand. */
export async function countCall(services: GatewayServices, principal: Principal): Promise<Record<string, string>> {
  const { ticket, headers } = await limit(services, {
    subject: principal.boundUserId ?? principal.id,
    role: principal.role,
    channel: "api",
    command: "tokens",
    restriction: null,
  });
  ticket.settle("succeeded");
  return headers;
}

/** The body of a call whose fields are all optional, and which may therefore be left out. */
export async function readOptionalJson<T extends z.ZodType>(incoming: Incoming, schema: T): Promise<z.output<T>> {
  const isEmpty =
    (incoming.header("content-length") ?? "0") === "0" && incoming.header("transfer-encoding") === undefined;
  return isEmpty ? validate(schema, {}) : readJson(incoming, schema);
}

const REFUSED: readonly AppErrorCode[] = ["INVALID_INPUT", "FORBIDDEN", "NOT_FOUND", "CONFLICT"];

/** Runs the change of a token; its refusal goes on record as one, with the token it was about. */
export async function changeToken<T>(target: string | undefined, change: () => Promise<T>): Promise<T> {
  try {
    return await change();
  } catch (error) {
    if (!(error instanceof AppError) || error instanceof Refusal || !REFUSED.includes(error.code)) {
      throw error;
    }
    const stated = error.details?.["reason"];
    const reason = typeof stated === "string" ? stated : error.code.toLowerCase();
    const event = { event: "token.refused", reason, ...(target === undefined ? {} : { target }) } as const;
    throw new Refusal(error.code, error.message, event, { details: error.details, cause: error });
  }
}
