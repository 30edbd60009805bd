/** What every CLI command receives, so that commands can be run in tests against another home and with captured output. */
import type { HomePaths } from "#server/core/paths.ts";

export interface CliContext {
  paths: HomePaths;
  /** Writes a line to standard output: results only. */
  out(text: string): void;
  /** Writes a line to standard error: progress, warnings, errors. */
  err(text: string): void;
  /** Exit code for a command that ends without throwing; thrown errors take theirs from `ERROR_MEANINGS`. */
  setExitCode(code: number): void;
}

export function createCliContext(paths: HomePaths): CliContext {
  return {
    paths,
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    setExitCode: (code) => {
      process.exitCode = code;
    },
  };
}

/** Pretty JSON on standard output, for `--json`. */
export function printJson(context: CliContext, value: unknown): void {
  context.out(JSON.stringify(value, null, 2));
}

/** Left-aligned columns two spaces apart; the header is upper case as in `docker ps`. */
export function printTable(
  context: CliContext,
  headers: readonly string[],
  rows: readonly (readonly string[])[],
): void {
  const table = [headers.map((header) => header.toUpperCase()), ...rows];
  const widths = headers.map((_, column) => Math.max(...table.map((row) => (row[column] ?? "").length)));
  for (const row of table) {
    context.out(
      widths
        .map((width, column) => (row[column] ?? "").padEnd(width))
        .join("  ")
        .trimEnd(),
    );
  }
}
