/** `openclaw security restore-backup`: the plan first, then, with a yes, all of it or nothing. */
import { resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { InvalidArgumentError, type Command } from "commander";
import { printJson, printTable, type CliContext } from "../context.ts";
import { backupContext } from "../backup-context.ts";
import { prepareRestore, type PreparedRestore } from "#server/backups/index.ts";
import { RESTORE_PARTS, type RestorePart } from "#server/backups/schema.ts";
import { AppError } from "#server/core/errors.ts";
import { homePaths } from "#server/core/paths.ts";

interface RestoreFlags {
  home?: string;
  only?: RestorePart[];
  masterKeyFile?: string;
  dryRun?: boolean;
  yes?: boolean;
  json?: boolean;
}

export function registerRestoreBackup(security: Command, context: CliContext): void {
  security
    .command("restore-backup <file>")
    .description("put back what a backup holds; shows what would happen and asks first. `latest` is the newest one")
    .option("--home <folder>", "the home it goes to; default: this one")
    .option("--only <parts>", `only these parts: ${RESTORE_PARTS.join(", ")}; separate them by commas`, parseParts)
    .option("--master-key-file <file>", "the master secret it was made with, where that is not the present one")
    .option("--dry-run", "only show what would happen")
    .option("--yes", "do it without asking")
    .option("--json", "print {file, parts, plan, applied, rows, files, kept}")
    .addHelpText(
      "after",
      `
Runs and the record are restored into a home that has none; they are never overwritten. Keys are replaced while the gateway is stopped,
the configuration and the policy also while it runs. Files that are replaced are kept beside the new ones.

Examples:
  openclaw security restore-backup latest --dry-run
  openclaw security restore-backup latest --only config,policy --yes
  openclaw security restore-backup /mnt/backup/openclaw.ocgbackup --home /srv/openclaw --master-key-file /mnt/safe/master-secret`,
    )
    .action(async (file: string, flags: RestoreFlags) => restore(context, file, flags));
}

function parseParts(text: string): RestorePart[] {
  return text.split(",").map((written) => {
    const part = RESTORE_PARTS.find((known) => known === written.trim());
    if (part === undefined) {
      throw new InvalidArgumentError(`Choose from: ${RESTORE_PARTS.join(", ")}.`);
    }
    return part;
  });
}

async function restore(context: CliContext, wanted: string, flags: RestoreFlags): Promise<void> {
  const target = flags.home === undefined ? context.paths : homePaths(resolve(flags.home));
  const { masterKeyFile, only } = flags;
  const prepared = await prepareRestore(backupContext(context), { wanted, masterKeyFile, target, only });
  const { file, parts, plan } = prepared;
  if (flags.json !== true) {
    showPlan(context, prepared, target.home);
  }
  if (flags.dryRun === true) {
    if (flags.json === true) {
      printJson(context, { file, parts, plan, applied: false });
    }
    return;
  }
  if (flags.yes !== true && !(await saysYes(context))) {
    throw new AppError("INVALID_INPUT", "Nothing was restored. Say it again with --yes to do what is shown.");
  }
  const outcome = await prepared.apply();
  if (flags.json === true) {
    printJson(context, { file, parts, plan, applied: true, ...outcome });
    return;
  }
  context.out(`Restored: ${outcome.rows} rows, ${outcome.files} files.`);
  outcome.kept.forEach((path) => context.out(`  kept: ${path}`));
  if (!prepared.running) {
    context.out(`Start the gateway: npm start${flags.home === undefined ? "" : ` -- --home ${target.home}`}`);
  }
}

function showPlan(context: CliContext, { file, header, plan, running }: PreparedRestore, home: string): void {
  context.out(`${file}`);
  context.out(`  ${header.kind} backup of ${header.createdAt}, made by version ${header.version}`);
  context.out(`  into ${home}, where ${running ? "a gateway runs" : "no gateway runs"}`);
  context.out("");
  printTable(
    context,
    ["part", "what", "action", ""],
    plan.items.map(({ part, what, action, detail }) => [part, what, action, detail ?? ""]),
  );
  plan.warnings.forEach((warning) => context.err(`Note: ${warning}`));
}

/** Only somebody at a terminal can be asked. */
async function saysYes(context: CliContext): Promise<boolean> {
  if (!process.stdin.isTTY) {
    return false;
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(?:es)?$/i.test((await terminal.question("Restore this? Type yes: ")).trim());
  } catch {
    context.err("");
    return false;
  } finally {
    terminal.close();
  }
}
