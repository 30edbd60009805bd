/** `openclaw gateway …`: tokens from the command line. */
import type { Command } from "commander";
import type { Pool } from "pg";
import { withDatabase } from "../database.ts";
import { printJson, printTable, type CliContext } from "../context.ts";
import { readPolicy } from "#server/access/index.ts";
import type { PolicySnapshot } from "#server/access/schema.ts";
import { loadConfig, parseDuration } from "#server/config/index.ts";
import { systemClock } from "#server/core/clock.ts";
import { AppError } from "#server/core/errors.ts";
import { configuredPolicy } from "#server/policy-inputs.ts";
import { createToken, listTokens, loadPepper, revokeToken } from "#server/tokens/index.ts";

interface GenerateOptions {
  name?: string;
  role: string;
  owner: string;
  user?: string;
  scopes?: string[];
  channels?: string[];
  allowedIps?: string[];
  expires?: string;
  json?: boolean;
}

const OPERATOR = { type: "operator", id: "cli" } as const;
const list = (text: string): string[] =>
  text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");

export function registerGateway(program: Command, context: CliContext): void {
  const gateway = program.command("gateway").description("API tokens of the gateway");

  gateway
    .command("generate-token")
    .description("make a token; its secret is printed once and stored only as a keyed hash")
    .option("--name <name>", "what it is for; default: a name with today's date")
    .option("--role <role>", "role whose rights it has", "user")
    .option("--owner <id>", "who answers for it (counts against gateway.tokenConfig.maxTokens)", "operator")
    .option("--user <id>", "the one end user it speaks for; default: it names its users itself")
    .option("--scopes <list>", "permissions it keeps of its role's, comma-separated", list)
    .option("--channels <list>", "channels it may use, comma-separated", list)
    .option("--allowed-ips <list>", "addresses or CIDR ranges it may come from, comma-separated", list)
    .option("--expires <duration>", "lifetime such as 24h or 30d, or never; default: gateway.tokenConfig.expiration")
    .option("--json", "print {id, token, expiresAt}")
    .addHelpText(
      "after",
      "\nExamples:\n  openclaw gateway generate-token --name ci --role admin --expires 30d\n  openclaw gateway generate-token --name bot --role user --channels api,telegram --allowed-ips 10.0.0.0/8 --json",
    )
    .action(async (options: GenerateOptions) => generate(context, options));

  gateway
    .command("list-tokens")
    .description("list tokens; never shows a secret")
    .option("--all", "also those that have expired or were revoked")
    .option("--owner <id>", "only those of one owner")
    .option("--format <format>", "table or json", "table")
    .option("--json", "the same as --format json")
    .addHelpText("after", "\nExamples:\n  openclaw gateway list-tokens\n  openclaw gateway list-tokens --all --json")
    .action(async (options: { all?: boolean; owner?: string; format: string; json?: boolean }) =>
      listAll(context, options),
    );

  gateway
    .command("revoke-token <id>")
    .description("end a token at once, everywhere")
    .option("--reason <text>", "why, for the record", "revoked from the command line")
    .addHelpText("after", "\nExample:\n  openclaw gateway revoke-token 3kq9x0f2m7ab --reason 'laptop lost'")
    .action(async (id: string, { reason }: { reason: string }) => {
      const changed = await withDatabase(context, (db) =>
        revokeToken({ db, clock: systemClock }, OPERATOR, id, reason),
      );
      context.out(changed ? `Token ${id} is revoked.` : `Token ${id} was revoked before.`);
    });
}

async function generate(context: CliContext, options: GenerateOptions): Promise<void> {
  const expiresInMs = options.expires === undefined ? undefined : lifetime(options.expires);
  const created = await withDatabase(context, async (db, pool) =>
    createToken(
      {
        db,
        clock: systemClock,
        pepper: loadPepper(context.paths),
        settings: loadConfig(context.paths.configFile).config.gateway.tokenConfig,
        policy: await policyOf(context, pool),
      },
      OPERATOR,
      {
        name: options.name ?? `token ${new Date().toISOString().slice(0, 10)}`,
        role: options.role,
        ownerId: options.owner,
        userId: options.user,
        scopes: options.scopes,
        channels: options.channels,
        allowedIps: options.allowedIps,
        expiresInMs,
      },
    ),
  );
  if (options.json === true) {
    printJson(context, { id: created.id, token: created.token, expiresAt: created.expiresAt?.toISOString() ?? null });
    return;
  }
  context.out(created.token);
  context.err(
    `Token ${created.id} for role "${options.role}", ${created.expiresAt === null ? "never expires" : `expires ${created.expiresAt.toISOString()}`}.`,
  );
  context.err("Copy it now: it is not shown again. Use it as: Authorization: Bearer <token>");
}

async function policyOf(context: CliContext, pool: Pool): Promise<PolicySnapshot> {
  return readPolicy(pool, configuredPolicy(loadConfig(context.paths.configFile)));
}

function lifetime(text: string): number | null {
  if (text === "never") {
    return null;
  }
  const ms = parseDuration(text);
  if (ms === undefined) {
    throw new AppError("INVALID_INPUT", `--expires: "${text}" is not a duration. Write 24h, 30d, or never.`);
  }
  return ms;
}

async function listAll(
  context: CliContext,
  options: { all?: boolean; owner?: string; format: string; json?: boolean },
): Promise<void> {
  if (options.format !== "table" && options.format !== "json") {
    throw new AppError("INVALID_INPUT", `--format: "${options.format}" is not possible. Write table or json.`);
  }
  const tokens = await withDatabase(context, (db) =>
    listTokens({ db, clock: systemClock }, { all: options.all, ownerId: options.owner }),
  );
  if (options.json === true || options.format === "json") {
    printJson(context, tokens);
    return;
  }
  if (tokens.length === 0) {
    context.err("There is no live token. Make one with: openclaw gateway generate-token --name my-bot --role user");
    return;
  }
  const when = (date: Date | null, absent: string): string =>
    date?.toISOString().slice(0, 16).replace("T", " ") ?? absent;
  printTable(
    context,
    ["id", "name", "owner", "role", "token", "created", "last used", "from", "expires", "state"],
    tokens.map((token) => [
      token.id,
      token.name,
      token.ownerId,
      token.role,
      token.hint,
      when(token.createdAt, ""),
      when(token.lastUsedAt, "never"),
      token.lastUsedAddress ?? "",
      when(token.expiresAt, "never"),
      token.state,
    ]),
  );
}
