/** `openclaw quarantine …`: files that were taken out of circulation. */
import { homedir } from "node:os";
import { resolve } from "node:path";
import type { Command } from "commander";
import { printJson, printTable, type CliContext } from "../context.ts";
import { withDatabase } from "../database.ts";
import { fileSettings, shownName } from "../file-settings.ts";
import { OPERATOR } from "../operator.ts";
import { systemClock } from "#server/core/clock.ts";
import {
  deleteQuarantined,
  listQuarantine,
  recoverQuarantine,
  restoreQuarantined,
  showQuarantined,
  type QuarantineDeps,
} from "#server/files/index.ts";

interface JsonOption {
  json?: boolean;
}

interface RestoreFlags extends JsonOption {
  to: string;
  as?: string;
  force?: boolean;
}

const ORIGIN = { actor: OPERATOR };

export function registerQuarantine(program: Command, context: CliContext): void {
  const quarantine = program.command("quarantine").description("suspicious files, kept encrypted");

  quarantine
    .command("list")
    .description("list the files, newest first")
    .option("--all", "also those that are deleted or were never taken in")
    .option("--json", "print an array")
    .action(async (options: JsonOption & { all?: boolean }) => list(context, options));

  quarantine
    .command("show <id>")
    .description("show where a file comes from and what was found")
    .option("--json", "print one object")
    .action(async (id: string, options: JsonOption) => show(context, id, options));

  quarantine
    .command("restore <id>")
    .description("write a file to a folder that the file-system policy allows; never over another file")
    .requiredOption("--to <folder>", "where to")
    .option("--as <name>", "another name")
    .option("--force", "although its findings are critical")
    .option("--json", "print {id, path}")
    .addHelpText("after", "\nExample:\n  openclaw quarantine restore qua_0123456789abcdefghjk --to /tmp/review --force")
    .action(async (id: string, options: RestoreFlags) => restore(context, id, options));

  quarantine
    .command("delete <id>")
    .description("delete a file's content for good; the row about it stays")
    .option("--json", "print {id, deleted}")
    .action(async (id: string, options: JsonOption) => remove(context, id, options));
}

/** Every command first finishes what a process that died has left. */
async function inQuarantine<T>(context: CliContext, work: (deps: QuarantineDeps) => Promise<T>): Promise<T> {
  return await withDatabase(context, async (db) => {
    const deps = { db, clock: systemClock, paths: context.paths };
    await recoverQuarantine(deps, ORIGIN);
    return await work(deps);
  });
}

async function list(context: CliContext, { all, json }: JsonOption & { all?: boolean }): Promise<void> {
  const files = await inQuarantine(context, ({ db }) => listQuarantine(db, { all: all === true }));
  if (json === true) {
    printJson(context, files);
    return;
  }
  if (files.length === 0) {
    context.err("Nothing is in quarantine.");
    return;
  }
  printTable(
    context,
    ["id", "state", "size", "since", "findings", "name"],
    files.map(({ id, state, sizeBytes, createdAt, findings, name }) => [
      id,
      state,
      String(sizeBytes),
      createdAt.toISOString(),
      [...new Set(findings.map(({ code }) => code))].join(","),
      shownName(name),
    ]),
  );
}

async function show(context: CliContext, id: string, { json }: JsonOption): Promise<void> {
  const file = await inQuarantine(context, ({ db }) => showQuarantined(db, id));
  if (json === true) {
    printJson(context, file);
    return;
  }
  context.out(`${file.id}  ${file.state}  ${file.sizeBytes} bytes  ${shownName(file.name)}`);
  context.out(`  SHA-256 ${file.sha256}`);
  context.out(
    `  From ${file.path === null ? "no path of this machine" : shownName(file.path)}, ${file.createdAt.toISOString()}`,
  );
  if (file.runId !== null) {
    context.out(`  Run ${file.runId}`);
  }
  if (file.endedAt !== null) {
    context.out(`  ${file.state} at ${file.endedAt.toISOString()} by ${file.endedBy ?? "the gateway"}`);
  }
  file.findings.forEach(({ code, severity, evidence }) => context.out(`  ${severity}: ${evidence} [${code}]`));
}

async function restore(context: CliContext, id: string, { to, as, force, json }: RestoreFlags): Promise<void> {
  const settings = fileSettings(context, homedir());
  const path = await inQuarantine(context, (deps) =>
    restoreQuarantined({ ...deps, ...settings }, ORIGIN, id, { to: resolve(to), as, force }),
  );
  if (json === true) {
    printJson(context, { id, path });
  } else {
    context.out(`Restored to ${shownName(path)}. The copy in quarantine stays until it is deleted.`);
  }
}

async function remove(context: CliContext, id: string, { json }: JsonOption): Promise<void> {
  const deleted = await inQuarantine(context, (deps) => deleteQuarantined(deps, ORIGIN, id));
  if (json === true) {
    printJson(context, { id, deleted });
  } else {
    context.out(deleted ? `The content of ${id} is deleted.` : `The content of ${id} was deleted before.`);
  }
}
