/** `openclaw gateway rotate-token`: by id, or what is meant without one. */
import type { Command } from "commander";
import type { CliContext } from "../context.ts";
import { withDatabase } from "../database.ts";
import { plainSecret } from "../keys.ts";
import { rotateConfiguredToken } from "./gateway-rotate-configured.ts";
import { endText, OPERATOR_GRANT, parseLifetime, parseSpan, printIssued, tokenDeps } from "./gateway-shared.ts";
import { loadConfig } from "#server/config/index.ts";
import { AppError } from "#server/core/errors.ts";
import { findNewestToken, rotateToken, type TokenDeps } from "#server/tokens/index.ts";

export interface RotateOptions {
  grace?: string;
  now?: boolean;
  expires?: string;
  owner?: string;
  json?: boolean;
}

const DEFAULT_GRACE = "1h";
const DEFAULT_OWNER = "operator";

export function registerRotateToken(gateway: Command, context: CliContext): void {
  gateway
    .command("rotate-token [id]")
    .description("replace a token by a new one with the same rights; the old one ends after a grace")
    .option("--grace <duration>", `how long the old one goes on working, 0s to 7d; default: ${DEFAULT_GRACE}`)
    .option("--now", "end the old one at once, the same as --grace 0s")
    .option("--expires <duration>", "lifetime of the new one, or never; default: as the old one was made for")
    .option("--owner <id>", `without an id: the newest token of this owner; default: ${DEFAULT_OWNER}`)
    .option("--json", "print {id, token, expiresAt, replaces, graceEndsAt}")
    .addHelpText(
      "after",
      `
Without an id or owner it rotates gateway.token when that is written in the configuration file, otherwise the newest token of
"${DEFAULT_OWNER}".

Examples:
  openclaw gateway rotate-token
  openclaw gateway rotate-token 3kq9x0f2m7ab --grace 24h --json
  openclaw gateway rotate-token 3kq9x0f2m7ab --now`,
    )
    .action(async (id: string | undefined, options: RotateOptions) => rotate(context, id, options));
}

async function rotate(context: CliContext, id: string | undefined, options: RotateOptions): Promise<void> {
  const graceMs = graceOf(options);
  const expiresInMs = options.expires === undefined ? undefined : parseLifetime(options.expires);
  if (id !== undefined && options.owner !== undefined) {
    throw new AppError("INVALID_INPUT", "--owner: an id names one token already. Leave one of the two out.");
  }
  await withDatabase(context, async (db, pool) => {
    const deps = await tokenDeps(context, db, pool);
    const configured = loadConfig(context.paths.configFile).config.gateway.token;
    if (id === undefined && options.owner === undefined && configured !== undefined) {
      const plain = await plainSecret(context, "gateway.token", configured);
      await rotateConfiguredToken(context, deps, { configured: plain, graceMs, expiresInMs, options });
      return;
    }
    const tokenId = id ?? (await newestOf(context, deps, options.owner ?? DEFAULT_OWNER));
    const rotated = await rotateToken(deps, OPERATOR_GRANT, { tokenId, graceMs, expiresInMs });
    printIssued(context, rotated, options.json === true);
    const end = graceMs === 0 ? "has ended" : `works until ${rotated.graceEndsAt.toISOString()}`;
    context.err(`Token ${rotated.id} replaces ${tokenId}, which ${end}. The new one ${endText(rotated.expiresAt)}.`);
  });
}

function graceOf({ grace, now }: RotateOptions): number {
  if (now === true && grace !== undefined) {
    throw new AppError("INVALID_INPUT", "--now: means no grace. Leave --grace out, or leave --now out.");
  }
  return now === true ? 0 : parseSpan("--grace", grace ?? DEFAULT_GRACE, "0s, 1h or 7d");
}

async function newestOf(context: CliContext, deps: TokenDeps, owner: string): Promise<string> {
  const newest = await findNewestToken(deps, owner);
  if (newest === null) {
    throw new AppError(
      "NOT_FOUND",
      `"${owner}" has no token to rotate. Make one with: openclaw gateway generate-token --owner ${owner}`,
    );
  }
  context.err(
    `Rotating the newest token of "${owner}": ${newest.id} (${newest.name}). To choose another: openclaw gateway rotate-token <id>`,
  );
  return newest.id;
}
