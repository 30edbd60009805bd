/** `openclaw security scan`: everything that can be judged about this installation, with one verdict (MON-3). */
import { InvalidArgumentError, Option, type Command } from "commander";
import { commaList } from "../comma-list.ts";
import type { CliContext } from "../context.ts";
import { withDatabase } from "../database.ts";
import { shownName } from "../file-settings.ts";
import { openerFor } from "../keys.ts";
import { OPERATOR } from "../operator.ts";
import { newOutput, toStdout } from "../output-file.ts";
import { recordRepairs } from "../record-repairs.ts";
import { registerSuppressions } from "./security-scan-suppress.ts";
import { configuredPaths, loadConfig, readConfigFile } from "#server/config/index.ts";
import type { Db } from "#server/core/db/client.ts";
import { readEnv } from "#server/core/env.ts";
import { ERROR_MEANINGS } from "#server/core/error-map.ts";
import { AppError, messageOf } from "#server/core/errors.ts";
import { checkHome, repair } from "#server/permissions/index.ts";
import { reaches, renderScan, scan, SCAN_FORMATS, scanPlace, storeScan, type ScanFormat } from "#server/scan/index.ts";
import { SCAN_AREAS, SCAN_SEVERITIES, type ScanArea, type ScanSeverity } from "#server/scan/policy.ts";
import type { ScanReport } from "#server/scan/schema.ts";
import type { Pool } from "pg";

interface Options {
  failOn: ScanSeverity | "none";
  format: ScanFormat;
  json?: boolean;
  only?: ScanArea[];
  skip?: ScanArea[];
  output?: string;
  fix?: boolean;
  dryRun?: boolean;
  requireComplete?: boolean;
  store: boolean;
}

export function registerScan(security: Command, context: CliContext): void {
  const command = security
    .command("scan")
    .description(
      "check configuration, files, TLS, tokens, roles, members, channels, sandbox, record, backups, machine: one verdict",
    )
    .addOption(
      new Option("--fail-on <severity>", "exit with 1 when a finding is as bad as this or worse")
        .choices([...SCAN_SEVERITIES, "none"])
        .default("critical"),
    )
    .addOption(new Option("--format <format>", "how it is written").choices(SCAN_FORMATS).default("text"))
    .option(
      "--json",
      "the same as --format json: {score, grade, complete, checksRun, findings, suppressed, notChecked}",
    )
    .option("--only <areas>", `only these areas, comma-separated: ${SCAN_AREAS.join(", ")}`, areaList)
    .option("--skip <areas>", "all areas but these", areaList)
    .option("--output <file>", "write it to a new file instead of standard output")
    .option("--fix", "first correct what is safe to correct: modes of files that are too open; nothing is ever opened")
    .option("--dry-run", "with --fix: only say what would be corrected")
    .option("--require-complete", "exit with 5 when a check could not run and nothing else is wrong")
    .option(
      "--no-store",
      "do not keep the result (only scans of all areas are kept, for the trend and for what is new)",
    )
    .addHelpText(
      "after",
      `
Exits with 0 when no finding reaches --fail-on, with 1 when one does; with 5 for --require-complete. Suppressed findings do not count.
While no gateway runs, what only its database knows is listed under "not checked", never taken for sound.
All checks, how the score comes about: docs/scan.md

Examples:
  openclaw security scan
  openclaw security scan --fail-on warn --format sarif --output scan.sarif
  openclaw security scan --only files,tls --fix --dry-run
  openclaw security scan suppress tls.self_signed --reason "internal authority follows in June" --until 2027-06-30`,
    )
    .action(async (options: Options) => run(context, options));
  registerSuppressions(command, context);
}

function areaList(written: string): ScanArea[] {
  return commaList(written).map((name) => {
    const area = SCAN_AREAS.find((known) => known === name);
    if (area === undefined) {
      throw new InvalidArgumentError(`There is no area ${shownName(name)}. Use: ${SCAN_AREAS.join(", ")}.`);
    }
    return area;
  });
}

async function run(context: CliContext, options: Options): Promise<void> {
  const format = options.json === true ? "json" : options.format;
  // Before anything is done, so that a file that is there ends the command at once.
  const output = options.output === undefined ? toStdout(context) : await newOutput(options.output);
  try {
    if (options.dryRun === true && options.fix !== true) {
      throw new AppError("INVALID_INPUT", "--dry-run goes with --fix.");
    }
    if (options.fix === true) {
      await fixModes(context, options.dryRun === true);
    }
    const report = await makeReport(context, options);
    await output.write(renderScan(report, format));
    if (reaches(report.findings, options.failOn)) {
      context.setExitCode(1);
    } else if (options.requireComplete === true && !report.complete) {
      context.setExitCode(ERROR_MEANINGS.STORE_UNAVAILABLE.cli);
    }
  } finally {
    await output.close();
  }
}

async function makeReport(context: CliContext, options: Options): Promise<ScanReport> {
  const { paths } = context;
  const text = readText(context);
  const open = text === undefined ? undefined : await openerFor(context, text);
  const make = (database: { db: Db; pool: Pool } | null): Promise<ScanReport> =>
    scan({ paths, env: readEnv(), open, database, now: new Date(), only: options.only, skip: options.skip });
  const isWhole = options.only === undefined && options.skip === undefined;
  try {
    return await withDatabase(context, async (db, pool) => {
      const report = await make({ db, pool });
      if (isWhole && options.store) {
        await keep(context, db, report);
      }
      return report;
    });
  } catch (error) {
    if (error instanceof AppError && error.code === "STORE_UNAVAILABLE") {
      return make(null);
    }
    throw error;
  }
}

/** A result that cannot be kept is shown all the same. */
async function keep(context: CliContext, db: Db, report: ScanReport): Promise<void> {
  try {
    await storeScan(db, { report, place: scanPlace(context.paths), trigger: "cli", actor: OPERATOR });
  } catch (error) {
    context.err(`The result could not be kept: ${messageOf(error)}`);
  }
}

/** What cannot be opened is a finding of the scan. */
function readText({ paths }: CliContext): string | undefined {
  try {
    return readConfigFile(paths.configFile);
  } catch {
    return undefined;
  }
}

async function fixModes(context: CliContext, dryRun: boolean): Promise<void> {
  const { config } = loadConfig(context.paths.configFile);
  const found = checkHome(configuredPaths(context.paths), config, readEnv());
  if (dryRun) {
    const planned = found.findings.filter((finding) => finding.repair !== null);
    planned.forEach(({ path, found: is, repair: mode }) =>
      context.err(`would correct ${shownName(path)}: ${is} → ${octal(mode ?? 0)}`),
    );
    context.err(planned.length === 0 ? "Nothing is to be corrected." : `${planned.length} would be corrected.`);
    return;
  }
  const { repaired, failed } = repair(found.facts, found.findings);
  await recordRepairs(context, repaired);
  repaired.forEach(({ path, found: was, repair: mode }) =>
    context.err(`corrected ${shownName(path)}: ${was} → ${octal(mode ?? 0)}`),
  );
  failed.forEach(({ finding, reason }) => context.err(`not corrected ${shownName(finding.path)}: ${reason}`));
}

const octal = (mode: number): string => mode.toString(8).padStart(4, "0");
