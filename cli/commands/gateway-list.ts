/** `openclaw gateway list-tokens`. */
import type { Command } from "commander";
import { printJson, printTable, type CliContext } from "../context.ts";
import { withDatabase } from "../database.ts";
import { systemClock } from "#server/core/clock.ts";
import type { Db } from "#server/core/db/client.ts";
import { AppError } from "#server/core/errors.ts";
import { listTokens } from "#server/tokens/index.ts";
import type { TokenSummary } from "#server/tokens/schema.ts";

interface ListOptions {
  all?: boolean;
  owner?: string;
  format: string;
  json?: boolean;
}

export function registerListTokens(gateway: Command, context: CliContext): void {
  gateway
    .command("list-tokens")
    .description("list tokens; never shows a secret")
    .option("--all", "also those that have expired or were revoked")
    .option("--owner <id>", "only those of one owner")
    .option("--format <format>", "table or json", "table")
    .option("--json", "the same as --format json")
    .addHelpText("after", "\nExamples:\n  openclaw gateway list-tokens\n  openclaw gateway list-tokens --all --json")
    .action(async (options: ListOptions) => listAll(context, options));
}

async function listAll(context: CliContext, { all, owner, format, json }: ListOptions): Promise<void> {
  if (format !== "table" && format !== "json") {
    throw new AppError("INVALID_INPUT", `--format: "${format}" is not possible. Write table or json.`);
  }
  const tokens = await withDatabase(context, (db) => everyPage(db, { all, ownerId: owner }));
  if (json === true || format === "json") {
    printJson(context, tokens);
    return;
  }
  if (tokens.length === 0) {
    context.err("There is no live token. Make one with: openclaw gateway generate-token --name my-bot --role user");
    return;
  }
  printTable(
    context,
    ["id", "name", "owner", "role", "models", "token", "created", "last used", "from", "expires", "state"],
    tokens.map((token) => [
      token.id,
      token.name,
      token.owner,
      token.role,
      modelsIn(token.models),
      token.hint,
      when(token.createdAt, ""),
      when(token.lastUsedAt, "never"),
      token.lastUsedAddress ?? "",
      when(token.expiresAt, "never"),
      token.state,
    ]),
  );
}

async function everyPage(db: Db, query: { all?: boolean; ownerId?: string }): Promise<TokenSummary[]> {
  const tokens: TokenSummary[] = [];
  let cursor: string | undefined;
  do {
    const page = await listTokens({ db, clock: systemClock }, { ...query, cursor });
    tokens.push(...page.tokens);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return tokens;
}

/** `all`, `none`, or the first entry and how many more there are. */
function modelsIn(models: readonly string[] | null): string {
  if (models === null) {
    return "all";
  }
  const [first, ...more] = models;
  return first === undefined ? "none" : `${first}${more.length === 0 ? "" : ` +${more.length}`}`;
}

const when = (date: Date | null, absent: string): string =>
  date?.toISOString().slice(0, 16).replace("T", " ") ?? absent;
