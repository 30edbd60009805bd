/** `openclaw incident lock|unlock|stop-everything|resume|drill`: what shuts out and lets in again. Works while every server is down. */
import type { Command } from "commander";
import { policyNow } from "../access-edit.ts";
import { printJson, printTable, type CliContext } from "../context.ts";
import { inIncident, OPERATOR_BY } from "../incident-context.ts";
import { parseDuration } from "#server/config/index.ts";
import type { Db } from "#server/core/db/client.ts";
import { AppError, isAppError } from "#server/core/errors.ts";
import {
  liftLock,
  removeStopFile,
  resume,
  setLock,
  stopEverything,
  writeStopFile,
  type LockSet,
} from "#server/incidents/index.ts";
import { DEFAULT_MESSAGE, LOCK_KINDS, type LockKind } from "#server/incidents/policy.ts";
import { StopEverything, type SetLock } from "#server/incidents/schema.ts";

interface LockOptions {
  reason: string;
  message?: string;
  for?: string;
  incident?: string;
  drill?: boolean;
  json?: boolean;
}

const KINDS = LOCK_KINDS.filter((kind) => kind !== "everything");
/** Servers hear of a drill within a second, also when a notification is lost: after this long without news all have told (milliseconds). */
const DRILL_QUIET_MS = 1_500;
const DRILL_LOOK_MS = 100;

export function registerLocks(incident: Command, context: CliContext): void {
  incident
    .command("lock <kind> <target>")
    .description(`shut out a ${KINDS.join(", ")}; what it holds open is cut within a second`)
    .requiredOption("--reason <text>", "for the team and the record")
    .option("--message <text>", "what whoever is shut out reads", DEFAULT_MESSAGE)
    .option("--for <time>", "such as 30m or 24h; default: until it is lifted")
    .option("--incident <id>", "the incident it belongs to")
    .option("--drill", "show what would be cut, and cut nothing")
    .option("--json", "print {id, target, stored}")
    .addHelpText(
      "after",
      `
Examples:
  openclaw incident lock token a1b2c3d4e5f6 --reason "found in a repository"
  openclaw incident lock channel slack --reason "workspace taken over" --for 24h
  openclaw incident lock member ada@example.com --reason "laptop stolen"`,
    )
    .action(async (kind: string, target: string, options: LockOptions) => lock(context, kind, target, options));

  incident
    .command("unlock <id>")
    .description("lift a lock; what it ended stays ended")
    .option("--json", "print {id}")
    .addHelpText("after", "\nExample:\n  openclaw incident unlock lck_0123456789ab")
    .action(async (id: string, { json }: { json?: boolean }) => {
      await inIncident(context, (deps) => liftLock(deps, OPERATOR_BY, { id }));
      tell(context, json, { id }, `Lifted ${id}.`);
    });

  incident
    .command("stop-everything")
    .description(
      "the red button: stops all runs, closes all streams, refuses everybody; works while the gateway is down",
    )
    .requiredOption("--reason <text>", "for the team and the record")
    .option("--message <text>", "what everybody reads", DEFAULT_MESSAGE)
    .option("--incident <id>", "the incident it belongs to")
    .option("--yes", "without it nothing is done")
    .option("--json", "print {id, already, stored, file}")
    .addHelpText("after", '\nExample:\n  openclaw incident stop-everything --yes --reason "unknown intruder"')
    .action(async (options: LockOptions & { yes?: boolean }) => stop(context, options));

  incident
    .command("resume")
    .description("take the red button back")
    .requiredOption("--reason <text>", "for the team and the record")
    .option("--yes", "without it nothing is done")
    .option("--json", "print {lifted}")
    .addHelpText("after", '\nExample:\n  openclaw incident resume --yes --reason "keys are rotated"')
    .action(async (options: { reason: string; yes?: boolean; json?: boolean }) => goOn(context, options));

  incident
    .command("drill [kind] [target]")
    .description("show what a lock (default: on everything) would cut and how fast it is heard of; cuts nothing")
    .option("--json", "print {id, stored, servers}")
    .addHelpText("after", "\nExamples:\n  openclaw incident drill\n  openclaw incident drill channel slack")
    .action(async (kind: string | undefined, target: string | undefined, { json }: { json?: boolean }) =>
      drill(context, kind ?? "everything", target ?? "", json),
    );
}

const tell = (context: CliContext, json: boolean | undefined, value: object, text: string): void =>
  json === true ? printJson(context, value) : context.out(text);

function kindOf(text: string): LockKind {
  const kind = LOCK_KINDS.find((known) => known === text);
  if (kind === undefined) {
    throw new AppError("INVALID_INPUT", `kind "${text}": write one of ${LOCK_KINDS.join(", ")}.`);
  }
  return kind;
}

function timeOf(text: string | undefined): number | null {
  const ms = text === undefined ? null : parseDuration(text);
  if (ms === undefined) {
    throw new AppError("INVALID_INPUT", `--for ${text ?? ""}: write a time such as 30m, 24h or 7d.`);
  }
  return ms;
}

async function lock(context: CliContext, asked: string, target: string, options: LockOptions): Promise<void> {
  const kind = kindOf(asked);
  if (kind === "everything") {
    throw new AppError("INVALID_INPUT", "To lock everything: openclaw incident stop-everything --yes --reason …");
  }
  const { reason, message, incident, drill: isDrill, json } = options;
  const set = await setAs(context, {
    kind,
    target,
    reason,
    message,
    incidentId: incident,
    drill: isDrill,
    expiresInMs: timeOf(options.for),
  });
  tell(
    context,
    json,
    set,
    `${isDrill === true ? "DRILL, nobody is shut out" : "Locked"}: ${kind} ${set.target} (${set.id}). ${countsText(set, isDrill === true)}`,
  );
}

async function setAs(context: CliContext, input: SetLock): Promise<LockSet> {
  const policy = await policyNow(context);
  return inIncident(context, (deps) => setLock({ ...deps, policy }, OPERATOR_BY, input));
}

const countsText = ({ stored }: LockSet, isDrill: boolean): string => {
  const parts = Object.entries(stored).map(([name, count]) => `${name} ${count}`);
  return `${isDrill ? "Would end" : "Ended"}: ${parts.join(", ")}.`;
};

async function stop(context: CliContext, options: LockOptions & { yes?: boolean }): Promise<void> {
  const { reason, message, incident, yes, json } = options;
  if (yes !== true) {
    throw new AppError("INVALID_INPUT", "This stops everything for everybody. Add --yes if that is what you want.");
  }
  const asked = { reason, message, incidentId: incident };
  try {
    const set = await inIncident(context, (deps) => stopEverything(deps, OPERATOR_BY, asked));
    const text = set.already
      ? `Everything was stopped already (${set.id}).`
      : `EVERYTHING IS STOPPED (${set.id}). ${countsText(set, false)}`;
    tell(context, json, { ...set, file: null }, text);
  } catch (error) {
    if (!isAppError(error) || error.code !== "STORE_UNAVAILABLE") {
      throw error;
    }
    // Not even the database runs: what starts next finds this.
    const checked = StopEverything.parse(asked);
    const file = writeStopFile(context.paths, checked, new Date());
    tell(
      context,
      json,
      { id: null, already: false, stored: {}, file },
      `The database does not run, so nothing can be stopped there. ${file} makes every server of this home refuse everybody, now and from its start.`,
    );
  }
}

async function goOn(
  context: CliContext,
  { reason, yes, json }: { reason: string; yes?: boolean; json?: boolean },
): Promise<void> {
  if (yes !== true) {
    throw new AppError("INVALID_INPUT", "This lets everybody in again. Add --yes if that is what you want.");
  }
  const hadFile = removeStopFile(context.paths);
  let lifted = 0;
  try {
    lifted = await inIncident(context, (deps) => resume(deps, OPERATOR_BY, { reason }));
  } catch (error) {
    if (!hadFile || !isAppError(error) || error.code !== "STORE_UNAVAILABLE") {
      throw error;
    }
    context.err("The database does not run: only the file was taken away. A stop that is stored there holds on.");
  }
  const text =
    lifted > 0 || hadFile ? "Everybody is let in again. Runs that were stopped stay stopped." : "Nothing was stopped.";
  tell(context, json, { lifted: lifted + (hadFile ? 1 : 0) }, text);
}

/** Resolves when no further server has told what it would cut for a while. */
async function heardBy(db: Db, lockId: string): Promise<void> {
  let heard = { count: 0, at: performance.now() };
  while (performance.now() - heard.at < DRILL_QUIET_MS) {
    await new Promise((resolve) => setTimeout(resolve, DRILL_LOOK_MS));
    const count = await db.incidentCut.count({ where: { lockId } });
    heard = count === heard.count ? heard : { count, at: performance.now() };
  }
}

/** Sets a drill, waits for what servers say, and ends it. */
async function drill(context: CliContext, asked: string, target: string, json: boolean | undefined): Promise<void> {
  const kind = kindOf(asked);
  const common = { reason: "drill at the command line", drill: true };
  const set =
    kind === "everything"
      ? await inIncident(context, (deps) => stopEverything(deps, OPERATOR_BY, common))
      : await setAs(context, { ...common, kind, target });
  const servers = await inIncident(context, async (deps) => {
    await heardBy(deps.db, set.id);
    const cuts = await deps.db.incidentCut.findMany({ where: { lockId: set.id }, orderBy: { instance: "asc" } });
    await liftLock(deps, OPERATOR_BY, { id: set.id });
    return cuts.map(({ instance, counts, afterMs }) => ({ instance, counts, afterMs }));
  });
  if (json === true) {
    printJson(context, { id: set.id, stored: set.stored, servers });
    return;
  }
  context.out(`DRILL: nobody was shut out. ${countsText(set, true)}`);
  if (servers.length === 0) {
    context.out("No server has answered: none runs, or none hears the database.");
    return;
  }
  printTable(
    context,
    ["server", "would cut", "heard after"],
    servers.map(({ instance, counts, afterMs }) => [instance, JSON.stringify(counts), `${afterMs} ms`]),
  );
}
