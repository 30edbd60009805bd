/** `openclaw config …`: look at, change and check the configuration file. */
import type { Command } from "commander";
import { validateCommand } from "./security-validate-config.ts";
import { printJson, type CliContext } from "../context.ts";
import { formatProblem, getConfigValue, setConfigValue } from "#server/config/index.ts";

interface JsonOption {
  json?: boolean;
}

export function registerConfig(program: Command, context: CliContext): void {
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
    .option("--json", "print {file, path, problems}")
    .addHelpText(
      "after",
      `
The value is JSON5; anything else is taken as text.

Examples:
  openclaw config set gateway.token '\${OPENCLAW_TOKEN}'
  openclaw config set security.rateLimit.global.maxRequests 10
  openclaw config set gateway.allowedOrigins '["https://console.example.com"]'
  openclaw config set 'security.authorization.users["ana@example"].role' user`,
    )
    .action((path: string, value: string, options: JsonOption) => set(context, path, value, options));

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

function set(context: CliContext, path: string, value: string, { json }: JsonOption): void {
  const file = context.paths.configFile;
  const problems = setConfigValue(file, path, value);
  if (json === true) {
    printJson(context, { file, path, problems });
    return;
  }
  context.out(`Set ${path} in ${file}.`);
  const concerned = problems.filter((problem) => problem.severity === "error" || problem.path.startsWith(path));
  concerned.forEach((problem) => context.err(`${problem.severity}: ${formatProblem(problem, file)}`));
}
