/** `openclaw security validate-config`, also known as `openclaw config validate`: everything that is wrong with a configuration, at once. */
import type { Command } from "commander";
import { printJson, type CliContext } from "../context.ts";
import { openerFor } from "../keys.ts";
import { configProblems, formatProblem, readConfigFile, type Problem } from "#server/config/index.ts";
import { ERROR_MEANINGS } from "#server/core/error-map.ts";
import { AppError } from "#server/core/errors.ts";

export function registerValidateConfig(security: Command, context: CliContext): void {
  validateCommand(security, "validate-config", context);
}

/** Adds the command under either of its names. */
export function validateCommand(parent: Command, name: string, context: CliContext): void {
  const full = `openclaw ${parent.name()} ${name}`;
  parent
    .command(`${name} [file]`)
    .description("check a configuration file: every error and warning with its line, reason and fix")
    .option("--json", "print {file, valid, errors, warnings, problems}")
    .addHelpText(
      "after",
      `
Exits with 0 when there are only warnings, with 6 when there is an error.

Examples:
  ${full}
  ${full} openclaw.example.json5 --json`,
    )
    .action((file: string | undefined, options: { json?: boolean }) => validate(context, file, options.json === true));
}

async function validate(context: CliContext, named: string | undefined, asJson: boolean): Promise<void> {
  const file = named ?? context.paths.configFile;
  const text = readConfigFile(file);
  if (text === undefined && named !== undefined) {
    throw new AppError("NOT_FOUND", `There is no file ${file}. Name an existing one.`);
  }
  const problems = text === undefined ? [] : await problemsOf(context, text);
  const errors = problems.filter((problem) => problem.severity === "error").length;
  const warnings = problems.length - errors;
  if (asJson) {
    printJson(context, { file, valid: errors === 0, errors, warnings, problems });
  } else {
    problems.forEach((problem) => context.out(`${problem.severity.padEnd(7)}  ${formatProblem(problem, file)}`));
    const verdict = `${count(errors, "error")}, ${count(warnings, "warning")}`;
    context.out(
      text === undefined ? `There is no file ${file}; every setting has its default.` : `${file}: ${verdict}.`,
    );
  }
  if (errors > 0) {
    context.setExitCode(ERROR_MEANINGS.CONFIG_INVALID.cli);
  }
}

async function problemsOf(context: CliContext, text: string): Promise<Problem[]> {
  return configProblems(text, { paths: context.paths, open: await openerFor(context, text) });
}

function count(number: number, noun: string): string {
  return `${number === 0 ? "no" : number} ${noun}${number === 1 ? "" : "s"}`;
}
