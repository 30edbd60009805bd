/** `openclaw gateway generate-token`. */
import type { Command } from "commander";
import { commaList } from "../comma-list.ts";
import type { CliContext } from "../context.ts";
import { withDatabase } from "../database.ts";
import { endText, OPERATOR_GRANT, parseLifetime, printIssued, tokenDeps } from "./gateway-shared.ts";
import { createToken } from "#server/tokens/index.ts";

interface GenerateOptions {
  name?: string;
  role: string;
  owner: string;
  user?: string;
  scopes?: string[];
  channels?: string[];
  allowedIps?: string[];
  models?: string[];
  expires?: string;
  json?: boolean;
}

export function registerGenerateToken(gateway: Command, context: CliContext): void {
  gateway
    .command("generate-token")
    .description("make a token; its secret is printed once and stored only as a keyed hash")
    .option("--name <name>", "what it is for; default: a name with today's date")
    .option("--role <role>", "role whose rights it has", "user")
    .option("--owner <id>", "who answers for it (counts against gateway.tokenConfig.maxTokens)", "operator")
    .option("--user <id>", "the one end user it speaks for; default: it names its users itself")
    .option("--scopes <list>", "permissions it keeps of its role's, comma-separated", commaList)
    .option("--channels <list>", "channels it may use, comma-separated", commaList)
    .option("--allowed-ips <list>", "addresses or CIDR ranges it may come from, comma-separated", commaList)
    .option(
      "--models <list>",
      "models it may call of its role's, such as openai/gpt-5-mini,local/*; '' = none",
      commaList,
    )
    .option("--expires <duration>", "lifetime such as 24h or 30d, or never; default: gateway.tokenConfig.expiration")
    .option("--json", "print {id, token, expiresAt}")
    .addHelpText(
      "after",
      `
Examples:
  openclaw gateway generate-token --name ci --role admin --expires 30d
  openclaw gateway generate-token --name bot --role user --channels api,telegram --allowed-ips 10.0.0.0/8 --json
  openclaw gateway generate-token --name chat --role bot --models "openai/gpt-5-mini,local/*"
  openclaw gateway generate-token --role admin | openclaw config set gateway.token -`,
    )
    .action(async (options: GenerateOptions) => generate(context, options));
}

async function generate(context: CliContext, options: GenerateOptions): Promise<void> {
  const expiresInMs = options.expires === undefined ? undefined : parseLifetime(options.expires);
  const { created, unreachable } = await withDatabase(context, async (db, pool) => {
    const deps = await tokenDeps(context, db, pool);
    const token = await createToken(deps, OPERATOR_GRANT, {
      name: options.name ?? `token ${new Date().toISOString().slice(0, 10)}`,
      role: options.role,
      ownerId: options.owner,
      userId: options.user,
      scopes: options.scopes,
      channels: options.channels,
      allowedIps: options.allowedIps,
      models: options.models,
      expiresInMs,
    });
    const ofRole = deps.policy.roles.get(options.role)?.channels ?? [];
    const beyond = (channel: string): boolean => !ofRole.includes("*") && !ofRole.includes(channel);
    return { created: token, unreachable: (options.channels ?? []).filter(beyond) };
  });
  printIssued(context, created, options.json === true);
  context.err(`Token ${created.id} for role "${options.role}", ${endText(created.expiresAt)}.`);
  if (unreachable.length > 0) {
    context.err(
      `It cannot use ${unreachable.join(", ")}: role "${options.role}" does not have that channel. See: openclaw access roles list`,
    );
  }
}
