/** `openclaw config diff`, `apply`, `history`, `rollback`, `export`: whole texts of the configuration, and the older ones. */
import { readFileSync } from "node:fs";
import { text as readAll } from "node:stream/consumers";
import type { Readable } from "node:stream";
import type { Command } from "commander";
import { printJson, printTable, type CliContext } from "../context.ts";
import { withDatabase } from "../database.ts";
import { openExistingKeys, openOrMakeKeys } from "../keys.ts";
import { OPERATOR } from "../operator.ts";
import { changeOnRecord } from "../record-change.ts";
import { readPolicy } from "#server/access/index.ts";
import { formatProblem, loadConfig, secretOpener } from "#server/config/index.ts";
import {
  appliedEvent,
  exportPolicy,
  openConfigVersions,
  planText,
  type ChangePlan,
  type EditorContext,
} from "#server/configuration/index.ts";
import type { ChangeSource } from "#server/configuration/schema.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { ERROR_MEANINGS } from "#server/core/error-map.ts";
import { AppError, messageOf } from "#server/core/errors.ts";
import { configuredPolicy } from "#server/policy-inputs.ts";

interface JsonOption {
  json?: boolean;
}

/** @param input where the text `-` is read from. */
export function registerConfigVersions(config: Command, context: CliContext, input: Readable): void {
  config
    .command("diff <file>")
    .description("show what applying another text would change, by lines and by settings; secrets are masked")
    .option("--json", "print {problems, diff, changes, encrypted}")
    .addHelpText(
      "after",
      "\n- reads standard input; the id of a version is taken as its text.\nExits with 1 when something differs.\n\nExample:\n  openclaw config diff new.json5",
    )
    .action(async (file: string, { json }: JsonOption) => {
      const { plan } = await planOf(context, await textOf(context, file, input));
      const { check } = plan;
      if (check.changes.length > 0 || check.diff.hunks.length > 0) {
        context.setExitCode(1);
      }
      if (json === true) {
        printJson(context, check);
      } else {
        showPlan(context, plan);
      }
    });

  config
    .command("apply <file>")
    .description("bring a text into force: checked first, written in one step, the one before is kept as a version")
    .option("--dry-run", "only show what would change")
    .option("--json", "print {applied, paths, restart, problems}")
    .addHelpText(
      "after",
      "\n- reads standard input.\n\nExamples:\n  openclaw config apply new.json5 --dry-run\n  openclaw config apply - < new.json5",
    )
    .action(async (file: string, options: JsonOption & { dryRun?: boolean }) =>
      apply(context, await textOf(context, file, input), "cli", options),
    );

  config
    .command("history")
    .description("list the versions that were in force, newest first")
    .option("--json", "print an array")
    .addHelpText("after", "\nExample:\n  openclaw config history")
    .action(async ({ json }: JsonOption) => history(context, json === true));

  config
    .command("rollback <version>")
    .description("bring an older version back into force")
    .option("--dry-run", "only show what would change")
    .option("--json", "print {applied, paths, restart, problems}")
    .addHelpText("after", "\nExample:\n  openclaw config rollback 20260301T120000000Z-0123456789ab --dry-run")
    .action(async (version: string, options: JsonOption & { dryRun?: boolean }) =>
      apply(context, openVersions(context, await openExistingKeys(context)).read(version).text, "rollback", options),
    );

  config
    .command("export")
    .description("print what the database owns (roles, users, channels) as it would stand in the file")
    .addHelpText("after", "\nExample:\n  openclaw config export > policy.json5")
    .action(async () => {
      const loaded = loadConfig(context.paths.configFile);
      const policy = await withDatabase(context, (_db, pool) => readPolicy(pool, configuredPolicy(loaded)));
      context.out(exportPolicy(policy, loaded.owned).trimEnd());
    });
}

const openVersions = ({ paths }: CliContext, keyring: Keyring) => openConfigVersions(paths, keyring);

async function planOf(context: CliContext, text: string): Promise<{ plan: ChangePlan; keyring: Keyring }> {
  const keyring = await openOrMakeKeys(context);
  const editor: EditorContext = {
    paths: context.paths,
    open: secretOpener(keyring),
    versions: openVersions(context, keyring),
  };
  return { plan: planText(editor, text, keyring), keyring };
}

/** A file, standard input, or a version by its id. */
async function textOf(context: CliContext, named: string, input: Readable): Promise<string> {
  if (named === "-") {
    return readAll(input);
  }
  if (/^\d{8}T\d{9}Z-[0-9a-f]{12}$/.test(named)) {
    return openVersions(context, await openExistingKeys(context)).read(named).text;
  }
  try {
    return readFileSync(named, "utf8");
  } catch (error) {
    throw new AppError(
      "NOT_FOUND",
      `${named} cannot be read: ${messageOf(error)}. Name a JSON5 file, or - for standard input.`,
    );
  }
}

async function apply(
  context: CliContext,
  text: string,
  source: ChangeSource,
  { dryRun, json }: JsonOption & { dryRun?: boolean },
): Promise<void> {
  const { plan } = await planOf(context, text);
  const failed = plan.check.problems.some(({ severity }) => severity === "error");
  if (json !== true) {
    showPlan(context, plan);
  }
  const file = context.paths.configFile;
  if (dryRun !== true) {
    await changeOnRecord(context, withoutActor(file, plan, source), () => plan.write(OPERATOR, source, new Date()));
  } else if (failed) {
    context.setExitCode(ERROR_MEANINGS.CONFIG_INVALID.cli);
  }
  const { paths, restart } = plan.outcome;
  if (json === true) {
    printJson(context, { applied: dryRun !== true, paths, restart, problems: plan.check.problems });
  } else if (dryRun !== true) {
    context.out(`Applied to ${file}.`);
    if (restart.length > 0) {
      context.err(`Taken up by the next start only: ${restart.join(", ")}.`);
    }
  }
}

function withoutActor(file: string, plan: ChangePlan, source: ChangeSource) {
  const { actor: _actor, ...event } = appliedEvent(OPERATOR, file, plan, source);
  return event;
}

function showPlan(context: CliContext, { check, outcome }: ChangePlan): void {
  const file = context.paths.configFile;
  check.problems.forEach((problem) => context.err(`${problem.severity}: ${formatProblem(problem, file)}`));
  for (const hunk of check.diff.hunks) {
    context.out(`@@ line ${hunk[0]?.after ?? hunk[0]?.before ?? 1} @@`);
    hunk.forEach(({ kind, text }) => context.out(`${SIGNS[kind]}${text}`));
  }
  check.changes.forEach(({ path, before, after, restart }) =>
    context.out(`${path}: ${before ?? "(not set)"} → ${after ?? "(not set)"}${restart ? "  [next start]" : ""}`),
  );
  if (check.changes.length === 0 && outcome.paths.length === 0 && check.diff.hunks.length === 0) {
    context.err("Nothing differs.");
  }
}

const SIGNS = { same: " ", added: "+", removed: "-" } as const;

async function history(context: CliContext, json: boolean): Promise<void> {
  const { versions, unreadable } = openVersions(context, await openExistingKeys(context)).list();
  if (unreadable > 0) {
    context.err(`${unreadable} versions cannot be opened with this home's keyring.`);
  }
  if (json) {
    printJson(
      context,
      versions.map(({ id, at, by, source, paths }) => ({ id, at, by, source, paths })),
    );
  } else if (versions.length === 0) {
    context.err("No version is kept yet. A running gateway keeps each that comes into force.");
  } else {
    printTable(
      context,
      ["version", "by", "how", "changed"],
      versions.map(({ id, by, source, paths }) => [id, by.id, source, paths.join(", ")]),
    );
  }
}
