/** `openclaw config …`: look at, change and check the configuration file. */
import { text } from "node:stream/consumers";
import type { Readable } from "node:stream";
import type { Command } from "commander";
import { registerConfigEncrypt } from "./config-encrypt.ts";
import { registerConfigVersions } from "./config-versions.ts";
import { validateCommand } from "./security-validate-config.ts";
import { printJson, type CliContext } from "../context.ts";
import { openExistingKeys } from "../keys.ts";
import { formatProblem, getConfigValue, setConfigValue } from "#server/config/index.ts";
import { AppError } from "#server/core/errors.ts";

interface JsonOption {
  json?: boolean;
}

/** @param input where the value `-` is read from. */
export function registerConfig(program: Command, context: CliContext, input: Readable = process.stdin): void {
  const config = program.command("config").description("the configuration file");

  config
    .command("get [path]")
    .description("print the value in force at a key path, or the whole configuration; secrets are masked")
    .option("--json", "print JSON also for a single text")
    .addHelpText(
      "after",
      "\nExamples:\n  openclaw config get gateway.port\n  openclaw config get security.rateLimit --json",
    )
    .action((path: string | undefined, options: JsonOption) => get(context, path, options));

  config
    .command("set <path> <value>")
    .description(
      "change one value; comments and formatting stay, and nothing is written when the outcome would be refused",
    )
    .option("--json", "print {file, path, problems, encrypted}")
    .addHelpText(
      "after",
      `
The value is JSON5; anything else is taken as text. The value - is read from standard input, so that a secret is not seen in the list of
processes or the history of the shell. Where other secrets of the file are encrypted, a new one is encrypted too.

Examples:
  openclaw config set gateway.token '\${OPENCLAW_TOKEN}'
  openclaw gateway generate-token --role admin | openclaw config set gateway.token -
  openclaw config set security.rateLimit.global.maxRequests 10
  openclaw config set gateway.allowedOrigins '["https://console.example.com"]'
  openclaw config set 'security.authorization.users["ana@example"].role' user`,
    )
    .action(async (path: string, value: string, options: JsonOption) =>
      set(context, path, value === "-" ? await readValue(context, input) : value, options),
    );

  registerConfigEncrypt(config, context);
  registerConfigVersions(config, context, input);
  validateCommand(config, "validate", context);
}

function get(context: CliContext, path: string | undefined, { json }: JsonOption): void {
  const value = getConfigValue(context.paths.configFile, path);
  if (typeof value === "string" && json !== true) {
    context.out(value);
  } else {
    printJson(context, value);
  }
}

async function set(context: CliContext, path: string, value: string, { json }: JsonOption): Promise<void> {
  const file = context.paths.configFile;
  const { problems, encrypted } = await setConfigValue(file, path, value, () => openExistingKeys(context));
  if (json === true) {
    printJson(context, { file, path, problems, encrypted });
    return;
  }
  context.out(`Set ${path} in ${file}${encrypted.length > 0 ? ", encrypted like its other secrets" : ""}.`);
  const concerned = problems.filter((problem) => problem.severity === "error" || problem.path.startsWith(path));
  concerned.forEach((problem) => context.err(`${problem.severity}: ${formatProblem(problem, file)}`));
}

/** One value, without the line end that `echo` and the like put behind it. */
async function readValue(context: CliContext, input: Readable): Promise<string> {
  if ("isTTY" in input && input.isTTY === true) {
    context.err("Type the value, then press Enter and Ctrl-D.");
  }
  const value = (await text(input)).replace(/\r?\n$/, "");
  if (value === "") {
    throw new AppError("INVALID_INPUT", "Standard input held no value. Pipe one in: … | openclaw config set <path> -");
  }
  return value;
}
