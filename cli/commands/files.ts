/** `openclaw files check`: what the file-system policy says about a path and what is suspicious about the file. */
import { homedir } from "node:os";
import { resolve } from "node:path";
import type { Command } from "commander";
import { printJson, type CliContext } from "../context.ts";
import { withDatabase } from "../database.ts";
import { fileSettings, shownName } from "../file-settings.ts";
import { OPERATOR } from "../operator.ts";
import { accessRecorder, checkFile, FileRefused } from "#server/files/index.ts";
import { decideFile } from "#server/files/policy.ts";
import { isCritical, type FileFinding } from "#server/files/schema.ts";
import { systemClock } from "#server/core/clock.ts";
import type { Db } from "#server/core/db/client.ts";
import { ERROR_MEANINGS } from "#server/core/error-map.ts";

interface CheckOptions {
  write?: boolean;
  quarantine?: boolean;
  json?: boolean;
}

type Quarantined = { id: string; originalRemoved: boolean } | null;

interface Report {
  path: string;
  allow: boolean;
  code: string;
  because: string;
  message: string;
  findings: FileFinding[];
  quarantined: Quarantined;
}

export function registerFiles(program: Command, context: CliContext): void {
  const files = program.command("files").description("the file-system policy");
  files
    .command("check <path>")
    .description(
      "say whether agents may read a file, and what is suspicious about it; exit code 4 when refused or dangerous",
    )
    .option("--write", "ask whether a file of that name may be written; nothing is read or written")
    .option("--quarantine", "move the file to quarantine when something is suspicious about it")
    .option("--json", "print {path, allow, code, because, message, findings, quarantined}")
    .addHelpText(
      "after",
      "\nExamples:\n  openclaw files check ./report.txt\n  openclaw files check /tmp/out.py --write\n  openclaw files check /tmp/upload.txt --quarantine --json",
    )
    .action(async (path: string, options: CheckOptions) => check(context, resolve(path), options));
}

async function check(context: CliContext, path: string, options: CheckOptions): Promise<void> {
  const report = await withDatabase(context, (db) => reportOn(context, db, path, options));
  if (options.json === true) {
    printJson(context, report);
  } else {
    context.out(
      `${report.allow ? "ALLOWED" : "REFUSED"}  ${options.write === true ? "write" : "read"} ${shownName(path)}`,
    );
    context.out(`  ${report.message} [${report.code}]`);
    report.findings.forEach(({ code, severity, evidence }) => context.out(`  ${severity}: ${evidence} [${code}]`));
    if (report.quarantined !== null) {
      const { id, originalRemoved } = report.quarantined;
      context.out(`${originalRemoved ? "Moved" : "Copied"} to quarantine as ${id}.`);
      if (!originalRemoved) {
        context.err("The original could not be removed, or was exchanged meanwhile. Look at it yourself.");
      }
    }
  }
  if (!report.allow || isCritical(report.findings)) {
    context.setExitCode(ERROR_MEANINGS.FORBIDDEN.cli);
  }
}

async function reportOn(context: CliContext, db: Db, path: string, options: CheckOptions): Promise<Report> {
  const { rules, monitoring } = fileSettings(context, homedir());
  const origin = { actor: OPERATOR };
  try {
    if (options.write === true) {
      const answer = decideFile(rules, path);
      if (!answer.allow) {
        await accessRecorder(db, origin, monitoring)({ operation: "write", path, bytes: null, answer });
        throw new FileRefused(answer);
      }
      return allowed(answer.path, answer.because, `Allowed by ${answer.because}.`, [], null);
    }
    const deps = { db, clock: systemClock, paths: context.paths, rules, monitoring };
    const checked = await checkFile(deps, origin, path, { quarantine: options.quarantine === true });
    const { because } = decideFile(rules, checked.path);
    return allowed(
      checked.path,
      because,
      `Allowed by ${because}, ${checked.bytes} bytes.`,
      checked.findings,
      checked.quarantined,
    );
  } catch (error) {
    if (error instanceof FileRefused) {
      return { path, ...error.refusal, findings: [], quarantined: null };
    }
    throw error;
  }
}

const allowed = (
  path: string,
  because: string,
  message: string,
  findings: FileFinding[],
  quarantined: Quarantined,
): Report => ({ path, allow: true, code: "allowed", because, message, findings, quarantined });
