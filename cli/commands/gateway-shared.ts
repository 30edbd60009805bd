/** What the token commands have in common. */
import type { Pool } from "pg";
import { printJson, type CliContext } from "../context.ts";
import { OPERATOR } from "../operator.ts";
import { readPolicy, unlimitedGrantor } from "#server/access/index.ts";
import { loadConfig, parseDuration } from "#server/config/index.ts";
import { systemClock } from "#server/core/clock.ts";
import type { Db } from "#server/core/db/client.ts";
import { AppError } from "#server/core/errors.ts";
import { configuredPolicy } from "#server/policy-inputs.ts";
import { loadPepper, type CreatedToken, type TokenDeps } from "#server/tokens/index.ts";

/** Whoever owns the machine may give anything. */
export const OPERATOR_GRANT = unlimitedGrantor(OPERATOR);

export async function tokenDeps(context: CliContext, db: Db, pool: Pool): Promise<TokenDeps> {
  const loaded = loadConfig(context.paths.configFile);
  return {
    db,
    clock: systemClock,
    pepper: loadPepper(context.paths),
    settings: loaded.config.gateway.tokenConfig,
    policy: await readPolicy(pool, configuredPolicy(loaded)),
  };
}

/** Milliseconds of `--expires`; null = never. @throws AppError INVALID_INPUT */
export function parseLifetime(text: string): number | null {
  return text === "never" ? null : parseSpan("--expires", text, "24h, 30d, or never");
}

/** @throws AppError INVALID_INPUT that names the option and shows how it is written. */
export function parseSpan(option: string, text: string, examples: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) {
    throw new AppError("INVALID_INPUT", `${option}: "${text}" is not a duration. Write ${examples}.`);
  }
  return ms;
}

export function printIssued(context: CliContext, token: CreatedToken, asJson: boolean): void {
  if (asJson) {
    printJson(context, token);
    return;
  }
  // The secret alone on standard output, so that it can go straight into a pipe or a variable.
  context.out(token.token);
  context.err("Copy it now: it is not shown again. Use it as: Authorization: Bearer <token>");
}

export const endText = (expiresAt: Date | null): string =>
  expiresAt === null ? "never expires" : `expires ${expiresAt.toISOString()}`;
