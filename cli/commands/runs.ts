/** `openclaw runs …`: what ran, what it said, and the files that came with it or out of it. */
import { resolve } from "node:path";
import { InvalidArgumentError, Option, type Command } from "commander";
import { registerApprovals } from "./runs-approvals.ts";
import { printJson, printTable, type CliContext } from "../context.ts";
import { withDatabase } from "../database.ts";
import { shownName } from "../file-settings.ts";
import { OPERATOR } from "../operator.ts";
import { withRuns } from "../run-reading.ts";
import { runText } from "../run-text.ts";
import { saveBelow } from "../save-below.ts";
import { recordEvents } from "#server/audit/index.ts";
import { withTx } from "#server/core/db/client.ts";
import { ERROR_MEANINGS } from "#server/core/error-map.ts";
import { AppError } from "#server/core/errors.ts";
import {
  getRun,
  listRunEvents,
  listRunFiles,
  listRuns,
  readRunFile,
  requireRun,
  type RunReading,
} from "#server/sandbox/index.ts";
import { RUN_STATES, type RunFileView, type RunState } from "#server/sandbox/schema.ts";

interface ListFlags {
  state?: RunState;
  limit: number;
  json?: boolean;
}

interface FilesFlags {
  save?: string;
  json?: boolean;
}

export function registerRuns(program: Command, context: CliContext): void {
  const runs = program.command("runs").description("runs in the sandbox");
  registerApprovals(runs, context);

  runs
    .command("list")
    .description("list runs, newest first")
    .addOption(new Option("--state <state>", "only these").choices(RUN_STATES))
    .option("--limit <n>", "how many, 1 to 200", parseLimit, 50)
    .option("--json", "print an array")
    .addHelpText("after", "\nExamples:\n  openclaw runs list\n  openclaw runs list --state failed --limit 10 --json")
    .action(async (flags: ListFlags) => list(context, flags));

  runs
    .command("show <id>")
    .description("show a run from beginning to end: what it said, called, reached and left")
    .option("--json", "print {run, events}")
    .addHelpText("after", "\nExample:\n  openclaw runs show run_0123456789abcdefghjk")
    .action(async (id: string, flags: { json?: boolean }) => show(context, id, flags));

  runs
    .command("files <id>")
    .description("list the files that came with a run or out of it; exit code 4 when one could not be saved")
    .option("--save <folder>", "write the files that came out of it there; never over another file")
    .option("--json", "print {files, saved}")
    .addHelpText(
      "after",
      "\nExamples:\n  openclaw runs files run_0123456789abcdefghjk\n  openclaw runs files run_0123456789abcdefghjk --save ./results",
    )
    .action(async (id: string, flags: FilesFlags) => files(context, id, flags));
}

async function list(context: CliContext, { state, limit, json }: ListFlags): Promise<void> {
  const { runs } = await withDatabase(context, (db) => listRuns(db, { state, limit }));
  if (json === true) {
    printJson(context, runs);
    return;
  }
  if (runs.length === 0) {
    context.err("There are no runs.");
    return;
  }
  printTable(
    context,
    ["id", "state", "reason", "profile", "what", "who", "channel", "when"],
    runs.map((run) => [
      run.id,
      run.state,
      run.reason ?? "-",
      run.profile,
      run.agent === null ? run.language : `agent ${run.agent}`,
      shownName(run.userId ?? run.principalId),
      run.channel,
      run.createdAt.toISOString(),
    ]),
  );
}

async function show(context: CliContext, id: string, { json }: { json?: boolean }): Promise<void> {
  const { run, events } = await withRuns(context, async (reading) => ({
    run: await getRun(reading, id),
    events: await listRunEvents(reading, id),
  }));
  if (json === true) {
    printJson(context, { run, events });
    return;
  }
  runText(run, events).forEach((line) => context.out(line));
}

async function files(context: CliContext, id: string, { save, json }: FilesFlags): Promise<void> {
  const { found, saved } = await withRuns(context, async (reading) => {
    await requireRun(reading.db, id);
    const all = await listRunFiles(reading.db, id);
    return { found: all, saved: save === undefined ? [] : await saveOutputs(reading, id, all, resolve(save)) };
  });
  if (json === true) {
    printJson(context, { files: found, saved });
  } else {
    tell(context, found, saved);
  }
  if (saved.some(({ problem }) => problem !== null)) {
    context.setExitCode(ERROR_MEANINGS.FORBIDDEN.cli);
  }
}

interface Saved {
  path: string;
  /** Null = it is there now. */
  problem: string | null;
}

async function saveOutputs(
  reading: RunReading,
  runId: string,
  all: readonly RunFileView[],
  folder: string,
): Promise<Saved[]> {
  const saved: Saved[] = [];
  for (const { id, path, bytes } of all.filter(
    ({ direction, verdict }) => direction === "output" && verdict === "stored",
  )) {
    const { content } = await readRunFile(reading, runId, id);
    const data = { operation: "read", fileId: id, path, bytes };
    await withTx(reading.db, (tx) =>
      recordEvents(tx, [
        { event: "file.accessed", outcome: "ok", actor: OPERATOR, target: runId, reason: "allowed", data },
      ]),
    );
    try {
      saveBelow(folder, path, content);
      saved.push({ path, problem: null });
    } catch (error) {
      if (!(error instanceof AppError)) {
        throw error;
      }
      saved.push({ path, problem: error.message });
    }
  }
  return saved;
}

function tell(context: CliContext, found: readonly RunFileView[], saved: readonly Saved[]): void {
  if (found.length === 0) {
    context.err("No files came with this run or out of it.");
    return;
  }
  printTable(
    context,
    ["id", "direction", "verdict", "size", "path", "note"],
    found.map(({ id, direction, verdict, bytes, path, reason }) => [
      id,
      direction,
      verdict,
      String(bytes),
      shownName(path),
      shownName(reason ?? ""),
    ]),
  );
  saved.forEach(({ path, problem }) =>
    problem === null ? context.out(`Saved ${shownName(path)}`) : context.err(`Not saved: ${shownName(problem)}`),
  );
}

function parseLimit(written: string): number {
  const limit = Number(written);
  if (!Number.isInteger(limit) || limit < 1 || limit > 200) {
    throw new InvalidArgumentError("It is a whole number from 1 to 200.");
  }
  return limit;
}
