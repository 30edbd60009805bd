/** `openclaw security check-permissions`: files and folders that others can get at, roles and tokens that give too much. */
import type { Command } from "commander";
import { printJson, printTable, type CliContext } from "../context.ts";
import { withDatabase } from "../database.ts";
import { shownName } from "../file-settings.ts";
import { changeOnRecord } from "../record-change.ts";
import { recordRepairs } from "../record-repairs.ts";
import { configuredPaths, loadConfig, type LoadedConfig } from "#server/config/index.ts";
import { systemClock } from "#server/core/clock.ts";
import { readEnv } from "#server/core/env.ts";
import { AppError } from "#server/core/errors.ts";
import { accessFindings, checkHome, readAccessFacts, repair, type AccessFinding } from "#server/permissions/index.ts";
import { configuredPolicy } from "#server/policy-inputs.ts";

interface Options {
  fix?: boolean;
  json?: boolean;
}

export function registerCheckPermissions(security: Command, context: CliContext): void {
  security
    .command("check-permissions")
    .description("check the modes and owners of all files and folders, and roles and tokens that give too much")
    .option("--fix", "give files and folders of the home the modes they should have; owners are never changed")
    .option("--json", "print {home, checked, problems, fixed, failed, access, notChecked}")
    .addHelpText(
      "after",
      `
Exits with 0 when nothing is wrong (any more), with 1 when there is a problem.
Modes come from security.storage.configPermissions and logPermissions; keys, backups, quarantine and data are for their owner alone.
A file that allows less than it may is no problem. Symbolic links are reported and never followed.

Examples:
  openclaw security check-permissions
  openclaw security check-permissions --fix
  openclaw security check-permissions --json`,
    )
    .action(async (options: Options) => run(context, options));
}

async function run(context: CliContext, options: Options): Promise<void> {
  const loaded = loadConfig(context.paths.configFile);
  const paths = configuredPaths(context.paths);
  const check = () => checkHome(paths, loaded.config, readEnv());
  let found = check();
  let outcome: ReturnType<typeof repair> = { repaired: [], failed: [] };
  if (options.fix === true) {
    outcome = repair(found.facts, found.findings);
    await recordRepairs(context, outcome.repaired);
    found = check();
  }
  const access = await accessPart(context, loaded);
  if (access !== null) {
    await recordCheck(context, found.findings.length + access.length);
  }
  const notChecked = [
    ...(access === null ? ["roles and tokens: the gateway does not run"] : []),
    ...(found.facts.cut ? [`files beyond the first ${found.facts.entries.length}`] : []),
  ];
  if (options.json === true) {
    printJson(context, {
      home: paths.home,
      checked: found.facts.entries.length,
      problems: found.findings,
      fixed: outcome.repaired,
      failed: outcome.failed,
      access: access ?? [],
      notChecked,
    });
  } else {
    print(context, { found, outcome, access: access ?? [], notChecked });
  }
  if (found.findings.length > 0 || (access ?? []).length > 0) {
    context.setExitCode(1);
  }
}

/** That somebody looked is a fact of the upkeep. */
async function recordCheck(context: CliContext, problems: number): Promise<void> {
  const event = {
    event: "permissions.checked",
    outcome: "ok",
    target: context.paths.home,
    data: { problems },
  } as const;
  await changeOnRecord(context, event, () => undefined);
}

/** Null when no gateway runs, whose database knows. */
async function accessPart(context: CliContext, loaded: LoadedConfig): Promise<AccessFinding[] | null> {
  const now = new Date(systemClock.now());
  try {
    return await withDatabase(context, async (db, pool) =>
      accessFindings(await readAccessFacts(db, pool, configuredPolicy(loaded), now), now),
    );
  } catch (error) {
    if (error instanceof AppError && error.code === "STORE_UNAVAILABLE") {
      return null;
    }
    throw error;
  }
}

interface Printed {
  found: ReturnType<typeof checkHome>;
  outcome: ReturnType<typeof repair>;
  access: readonly AccessFinding[];
  notChecked: readonly string[];
}

function print(context: CliContext, { found, outcome, access, notChecked }: Printed): void {
  outcome.repaired.forEach(({ path, found: was, repair: mode }) =>
    context.err(`fixed ${shownName(path)}: ${was} → ${(mode ?? 0).toString(8).padStart(4, "0")}`),
  );
  outcome.failed.forEach(({ finding, reason }) => context.err(`not fixed ${shownName(finding.path)}: ${reason}`));
  if (found.findings.length > 0) {
    printTable(
      context,
      ["path", "is", "should be", "why", "fix"],
      found.findings.map(({ path, found: is, expected, message, fix }) =>
        [path, is, expected, message, fix].map(shownName),
      ),
    );
  }
  if (access.length > 0) {
    printTable(
      context,
      ["role or token", "why", "fix"],
      access.map(({ subject, message, fix }) => [subject, message, fix].map(shownName)),
    );
  }
  notChecked.forEach((part) => context.err(`not checked: ${part}`));
  const problems = found.findings.length + access.length;
  const verdict = problems === 0 ? "nothing is wrong" : problems === 1 ? "1 problem" : `${problems} problems`;
  context.err(`${found.facts.entries.length} files and folders checked: ${verdict}.`);
}
