/** `openclaw security backup-config`, `list-backups`, `verify-backup`: making backups and proving that they can be restored. */
import { resolve } from "node:path";
import { InvalidArgumentError, Option, type Command } from "commander";
import { printJson, printTable, type CliContext } from "../context.ts";
import { backupContext } from "../backup-context.ts";
import { OPERATOR } from "../operator.ts";
import { registerRestoreBackup } from "./security-backup-restore.ts";
import { backupFolder, listBackups, makeBackup, verifyBackup } from "#server/backups/index.ts";
import type { BackupSummary } from "#server/backups/schema.ts";
import { ACTOR_TYPES, type Actor } from "#server/audit/schema.ts";
import { ERROR_MEANINGS } from "#server/core/error-map.ts";

interface BackupOptions {
  full?: boolean;
  out?: string;
  scheduled?: boolean;
  requestedBy?: Actor;
  json?: boolean;
}

interface VerifyOptions {
  masterKeyFile?: string;
  requestedBy?: Actor;
  json?: boolean;
}

/** Whom the supervisor makes it for: the record names them. */
const requestedBy = (): Option =>
  new Option("--requested-by <actor>", "the console's caller").hideHelp().argParser((text): Actor => {
    const [, written = "", id = ""] = /^([a-z]+):(.+)$/.exec(text) ?? [];
    const type = ACTOR_TYPES.find((known) => known === written);
    if (type === undefined) {
      throw new InvalidArgumentError("Write it as type:id.");
    }
    return { type, id };
  });

const SCHEDULE: Actor = { type: "system", id: "backup-schedule" };

export function registerBackups(security: Command, context: CliContext): void {
  security
    .command("backup-config")
    .description("back up the configuration, the policy and the keys into one encrypted file; everything with --full")
    .option("--full", "also runs, the record, its files and the quarantine")
    .option("--out <file>", "write it there; default: a new file in security.storage.backupPath")
    .addOption(new Option("--scheduled", "made by the schedule of the supervisor").hideHelp())
    .addOption(requestedBy())
    .option("--json", "print {file, kind, bytes, sha256, encrypted, createdAt, rows, files, unsealed, removed}")
    .addHelpText(
      "after",
      `
The file opens with the master secret alone, on any machine: keep a copy of that secret elsewhere. It is not in the backup.

Examples:
  openclaw security backup-config
  openclaw security backup-config --full --out /mnt/backup/openclaw.ocgbackup`,
    )
    .action(async (options: BackupOptions) => backup(context, options));

  security
    .command("list-backups")
    .description("show the backups in security.storage.backupPath, newest first")
    .option("--json", "print an array")
    .addHelpText("after", "\nExample:\n  openclaw security list-backups")
    .action(async ({ json }: { json?: boolean }) => list(context, json === true));

  security
    .command("verify-backup <file>")
    .description(
      "really restore a backup, into a database made for it and removed afterwards; `latest` is the newest one",
    )
    .option("--master-key-file <file>", "the master secret it was made with, where that is not the present one")
    .addOption(requestedBy())
    .option("--json", "print {file, sha256, at, ok, notes}")
    .addHelpText(
      "after",
      `
Exits with 0 when everything came back as it was, with 1 when not.

Examples:
  openclaw security verify-backup latest
  openclaw security verify-backup /mnt/backup/openclaw.ocgbackup --json`,
    )
    .action(async (file: string, options: VerifyOptions) => verify(context, file, options));

  registerRestoreBackup(security, context);
}

async function backup(
  context: CliContext,
  { full, out, scheduled, requestedBy: actor, json }: BackupOptions,
): Promise<void> {
  const made = await makeBackup(backupContext(context, scheduled === true ? SCHEDULE : (actor ?? OPERATOR)), {
    kind: full === true ? "full" : "config",
    out: out === undefined ? undefined : resolve(out),
  });
  if (!made.encrypted) {
    context.err(
      "Not encrypted (security.storage.backupEncryption): the keys are left out, and whoever gets the file can read the rest. It cannot be changed unnoticed.",
    );
  }
  if (made.unsealed > 0) {
    context.err(`Not in it: ${made.unsealed} batches of events that wait for the sealer.`);
  }
  if (json === true) {
    printJson(context, made);
    return;
  }
  context.out(`${made.file}`);
  context.out(
    `  ${made.kind}, ${sizeText(made.bytes)}, ${made.rows} rows, ${made.files} files. SHA-256 ${made.sha256}`,
  );
  made.removed.forEach((name) => context.out(`  removed: ${name}`));
}

async function list(context: CliContext, json: boolean): Promise<void> {
  const folder = backupFolder(context.paths);
  const backups = await listBackups(folder);
  if (json) {
    printJson(context, backups);
  } else if (backups.length === 0) {
    context.err(`There is no backup in ${folder}. Make one: openclaw security backup-config`);
  } else {
    printTable(
      context,
      ["name", "kind", "size", "created", "encrypted", "verified"],
      backups.map((entry) => [
        entry.name,
        entry.kind,
        sizeText(entry.bytes),
        entry.createdAt.toISOString(),
        entry.encrypted === null ? "damaged" : entry.encrypted ? "yes" : "no",
        verifiedText(entry),
      ]),
    );
  }
}

function verifiedText({ verification }: BackupSummary): string {
  return verification === null ? "never" : `${verification.ok ? "ok" : "FAILED"} ${verification.at.toISOString()}`;
}

async function verify(
  context: CliContext,
  wanted: string,
  { masterKeyFile, requestedBy: actor, json }: VerifyOptions,
): Promise<void> {
  const { file, verification } = await verifyBackup(backupContext(context, actor), { wanted, masterKeyFile });
  if (!verification.ok) {
    context.setExitCode(ERROR_MEANINGS.CONFLICT.cli);
  }
  if (json === true) {
    printJson(context, { file, ...verification });
    return;
  }
  context.out(`${verification.ok ? "Verified" : "NOT VERIFIED"}: ${file}`);
  verification.notes.forEach((note) => context.out(`  ${note}`));
}

const KIB = 1024;

/** At most one digit after the point: for tables. */
function sizeText(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const step = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log(bytes) / Math.log(KIB)));
  return `${Number((bytes / KIB ** step).toFixed(1))} ${units[step] ?? "B"}`;
}
