/** `openclaw security explain`: what the gateway would say to a message, and which rule says so. */
import type { Command } from "commander";
import type { Pool } from "pg";
import { printJson, type CliContext } from "../context.ts";
import { withDatabase } from "../database.ts";
import { OPERATOR } from "../operator.ts";
import { readPolicy } from "#server/access/index.ts";
import { ExplainRequest } from "#server/access/schema.ts";
import { recordEvents } from "#server/audit/index.ts";
import { loadConfig, locateInConfig } from "#server/config/index.ts";
import { systemClock } from "#server/core/clock.ts";
import { withTx, type Db } from "#server/core/db/client.ts";
import { ERROR_MEANINGS } from "#server/core/error-map.ts";
import { AppError } from "#server/core/errors.ts";
import { explainCommand, explainUnknownSender, type ExplainedCommand } from "#server/gateway/explain-command.ts";
import { askedSender } from "#server/gateway/explain-sender.ts";
import { configuredPolicy } from "#server/policy-inputs.ts";

interface ExplainOptions {
  user?: string;
  channel: string;
  command: string;
  token?: string;
  role?: string;
  json?: boolean;
}

export function registerExplain(security: Command, context: CliContext): void {
  security
    .command("explain")
    .description("would a message be let through, and which rule decides?")
    .requiredOption("--command <name>", "the command of the message; plain text is ask, code is run")
    .option("--channel <name>", "where it comes from", "api")
    .option("--user <id>", "whose message it is; alone: carried by a bot that has the user's own role")
    .option("--token <id>", "the token that sends it")
    .option("--role <name>", "instead of a token: any sender with this role")
    .option("--json", "print {allow, code, because, message, role, trace, effective, limits, …}")
    .addHelpText(
      "after",
      `
Exits with 0 when it is allowed, with 4 when it is not.

Examples:
  openclaw security explain --user user123 --channel whatsapp --command ask
  openclaw security explain --token 3kq9x0f2m7ab --command run
  openclaw security explain --role readonly --channel slack --command status --json`,
    )
    .action(async (options: ExplainOptions) => run(context, options));
}

async function run(context: CliContext, { json, ...options }: ExplainOptions): Promise<void> {
  const question = parseQuestion(options);
  const answer = await withDatabase(context, (db, pool) => explained(context, db, pool, question));
  const place = locateInConfig(context.paths.configFile, answer.because);
  const file = place === undefined ? null : `${context.paths.configFile}:${place.line}:${place.column}`;
  if (json === true) {
    printJson(context, { ...answer, file });
  } else {
    print(context, question, answer, file);
  }
  if (!answer.allow) {
    context.setExitCode(ERROR_MEANINGS.FORBIDDEN.cli);
  }
}

function parseQuestion(options: Omit<ExplainOptions, "json">): ExplainRequest {
  const parsed = ExplainRequest.safeParse(options);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new AppError("INVALID_INPUT", `--${String(issue?.path[0] ?? "")}: ${issue?.message ?? "is not valid"}.`);
  }
  const { user, token, role } = parsed.data;
  if (user === undefined && token === undefined && role === undefined) {
    throw new AppError("INVALID_INPUT", "Say who sends the message: --user, --token or --role.");
  }
  return parsed.data;
}

async function explained(context: CliContext, db: Db, pool: Pool, question: ExplainRequest): Promise<ExplainedCommand> {
  const loaded = loadConfig(context.paths.configFile);
  const policy = await readPolicy(pool, configuredPolicy(loaded));
  const { user, channel, command, token, role } = question;
  const sender = await askedSender(db, policy, question, systemClock.now());
  const { rateLimit } = loaded.config.security;
  const answer =
    "code" in sender
      ? explainUnknownSender(sender)
      : explainCommand(policy, rateLimit, sender, { channel, command, userId: user ?? null });
  await withTx(db, (tx) =>
    recordEvents(tx, [
      {
        event: "policy.explained",
        outcome: "ok",
        actor: OPERATOR,
        userId: user,
        channel,
        reason: answer.code,
        because: answer.because,
        data: { command, token: token ?? null, role: role ?? null },
      },
    ]),
  );
  return answer;
}

function print(context: CliContext, question: ExplainRequest, answer: ExplainedCommand, file: string | null): void {
  const { channel, command, user } = question;
  const who = [user === undefined ? null : `user ${user}`, answer.sender].filter((part) => part !== null).join(", by ");
  context.out(`${answer.allow ? "ALLOWED" : "DENIED"}  /${command} on ${channel}${who === "" ? "" : ` for ${who}`}`);
  context.out(`  ${answer.message}`);
  context.out(`  Decided by ${answer.because}${file === null ? "" : ` (${file})`} [${answer.code}]`);
  if (answer.trace.length > 0) {
    context.out("Checks:");
    answer.trace.forEach((entry) =>
      context.out(`  ${entry.passed ? "pass" : "FAIL"}  ${entry.check}: ${entry.message} (${entry.because})`),
    );
  }
  if (answer.limits.length > 0) {
    context.out("Limits that count it:");
    answer.limits.forEach(({ rule, max, windowMs }) => context.out(`  ${max} in ${windowMs / 1000} s (${rule})`));
  }
  if (answer.sender !== null) {
    const { permissions, channels, commands } = answer.effective;
    const list = (names: readonly string[]): string => names.join(", ") || "none";
    context.out("What this sender can do in all:");
    context.out(`  commands on ${channel}: ${list(commands)}`);
    context.out(`  channels: ${list(channels)}`);
    context.out(`  permissions: ${list(permissions)}`);
  }
}
