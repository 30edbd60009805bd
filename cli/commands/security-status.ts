/** `openclaw security status`: the guide's checklist on one screen, each line judged from what is so (OPS-1, MON-7). */
import type { Command } from "commander";
import { printJson, type CliContext } from "../context.ts";
import { withDatabase } from "../database.ts";
import { backupFolder, backupStatus } from "#server/backups/index.ts";
import { loadConfig, resolveSecret } from "#server/config/index.ts";
import { ERROR_MEANINGS } from "#server/core/error-map.ts";
import { AppError } from "#server/core/errors.ts";
import { posture, readPostureFacts } from "#server/overview/index.ts";
import type { Posture, PostureLine } from "#server/overview/schema.ts";
import { lastScan, scanPlace } from "#server/scan/index.ts";
import type { ScanSummary } from "#server/scan/schema.ts";

export function registerStatus(security: Command, context: CliContext): void {
  security
    .command("status")
    .description("the security checklist, each line judged from what is so, with the command that fixes it")
    .option("--json", "print {running, score, explanation, lines, lastScan}")
    .addHelpText(
      "after",
      `
Exits with 0 when nothing is at risk, with 1 when something is, with 5 when the gateway does not run and the rest is in order.

Examples:
  openclaw security status
  openclaw security status --json`,
    )
    .action(async ({ json }: { json?: boolean }) => status(context, json === true));
}

async function status(context: CliContext, json: boolean): Promise<void> {
  const { paths } = context;
  const source = {
    paths,
    loaded: loadConfig(paths.configFile),
    secret: resolveSecret,
    backups: backupStatus(backupFolder(paths)),
    now: new Date(),
  };
  let running = true;
  let scan: ScanSummary | null = null;
  const facts = await withDatabase(context, async (db, pool) => {
    scan = (await lastScan(db, scanPlace(paths)))?.scan ?? null;
    return readPostureFacts({ ...source, database: { db, pool } });
  }).catch((error: unknown) => {
    if (error instanceof AppError && error.code === "STORE_UNAVAILABLE") {
      running = false;
      return readPostureFacts({ ...source, database: null });
    }
    throw error;
  });
  const answer = posture(facts);
  if (answer.lines.some(({ state }) => state === "risk")) {
    context.setExitCode(1);
  } else if (!running) {
    context.setExitCode(ERROR_MEANINGS.STORE_UNAVAILABLE.cli);
  }
  if (json) {
    printJson(context, { running, ...answer, lastScan: scan });
  } else {
    show(context, answer, { running, scan });
  }
}

const SIGNS: Record<PostureLine["state"], string> = {
  done: "[x] done   ",
  todo: "[ ] to do  ",
  risk: "[!] AT RISK",
  unknown: "[?] unknown",
};
const PARTS = { setup: "Initial setup", maintenance: "Ongoing maintenance" } as const;

function show(
  context: CliContext,
  { lines, score, explanation }: Posture,
  { running, scan }: { running: boolean; scan: ScanSummary | null },
): void {
  context.out(`Security status: ${score === null ? "unknown" : `${score} of 100`} (${explanation})`);
  if (!running) {
    context.err("The gateway does not run: what only it knows is left out. Start it with: npm start");
  }
  if (running) {
    context.out(scanLine(scan));
  }
  for (const part of ["setup", "maintenance"] as const) {
    context.out("");
    context.out(PARTS[part]);
    for (const { state, label, evidence, fix, dueAt } of lines.filter((line) => line.part === part)) {
      context.out(`  ${SIGNS[state]}  ${label}${dueAt === null ? "" : ` (due ${dueAt.toISOString().slice(0, 10)})`}`);
      context.out(`               ${evidence}`);
      if (fix !== null && state !== "unknown") {
        context.out(`               → ${fix.text}${fix.command === null ? "" : ` ${fix.command}`}`);
      }
    }
  }
}

function scanLine(scan: ScanSummary | null): string {
  if (scan === null) {
    return "Last scan: none yet → openclaw security scan";
  }
  const { at, score, grade, critical, warn, fresh } = scan;
  const when = at.toISOString().slice(0, 16).replace("T", " ");
  return `Last scan: ${when} UTC, ${score} of 100, grade ${grade}; ${critical} critical, ${warn} warnings, ${fresh} new → openclaw security scan`;
}
