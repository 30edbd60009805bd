/** `openclaw incident …`: locks, the red button, and what is written down about an incident. */
import type { Command } from "commander";
import { printJson, printTable, type CliContext } from "../context.ts";
import { withDatabase } from "../database.ts";
import { inIncident, openOne, OPERATOR_BY } from "../incident-context.ts";
import { newOutput, toStdout } from "../output-file.ts";
import { registerLocks } from "./incident-locks.ts";
import { loadConfig } from "#server/config/index.ts";
import { systemClock } from "#server/core/clock.ts";
import { AppError } from "#server/core/errors.ts";
import {
  closeIncident,
  contactsOf,
  noteIncident,
  openIncident,
  readBoard,
  readIncident,
  renderIncident,
  stopFileLock,
} from "#server/incidents/index.ts";
import { INCIDENT_SEVERITIES, NOTE_KINDS, REPORT_FORMATS } from "#server/incidents/policy.ts";
import { type Contact, type LockView } from "#server/incidents/schema.ts";

interface JsonOption {
  json?: boolean;
}

export function registerIncidents(program: Command, context: CliContext): void {
  const incident = program
    .command("incident")
    .description("locks, the red button, and what is written down about an incident")
    .addHelpText(
      "after",
      `
Examples:
  openclaw incident open --title "Stolen laptop" --severity high --subject user:ada
  openclaw incident lock user ada --reason "laptop stolen" --message "Your access is locked. Call the helpdesk." --for 24h
  openclaw incident stop-everything --yes --reason "unknown intruder"
  openclaw incident resume --yes --reason "intruder is out"`,
    );
  registerLocks(incident, context);

  incident
    .command("open")
    .description("open an incident; its timeline fills itself from the audit log")
    .requiredOption("--title <text>", "what it is")
    .requiredOption("--severity <level>", INCIDENT_SEVERITIES.join(", "))
    .option("--commander <name>", "who leads; default: whoever runs this")
    .option("--subject <kind:name...>", "what it is about, such as user:ada or channel:slack; default: everything")
    .option("--plan <text>", "what is to be done and said, as Markdown")
    .option("--drill", "an exercise, said so everywhere")
    .option("--json", "print {id}")
    .addHelpText("after", '\nExample:\n  openclaw incident open --title "Token in a repository" --severity high')
    .action(
      async (
        options: JsonOption & {
          title: string;
          severity: (typeof INCIDENT_SEVERITIES)[number];
          commander?: string;
          subject?: string[];
          plan?: string;
          drill?: boolean;
        },
      ) => {
        const { title, severity, commander, subject, plan, drill, json } = options;
        const id = await inIncident(context, (deps) =>
          openIncident(deps, OPERATOR_BY, { title, severity, commander, subjects: subject, plan, drill }),
        );
        say(
          context,
          json,
          { id },
          `Opened ${id}${drill === true ? " (a drill)" : ""}. Add to it with: openclaw incident note "…"`,
        );
      },
    );

  incident
    .command("note <text>")
    .description("add to the timeline of the open incident")
    .option("--id <incident>", "another one")
    .option("--kind <kind>", NOTE_KINDS.join(", "), "note")
    .option("--json", "print {id}")
    .addHelpText("after", '\nExample:\n  openclaw incident note --kind question "Who had the old key?"')
    .action(async (text: string, options: JsonOption & { id?: string; kind: (typeof NOTE_KINDS)[number] }) => {
      const id = await inIncident(context, async (deps) =>
        noteIncident(deps, OPERATOR_BY, { id: options.id ?? (await openOne(deps)), kind: options.kind, text }),
      );
      say(context, options.json, { id }, "Noted.");
    });

  incident
    .command("close")
    .description("close the open incident; its locks stay")
    .option("--id <incident>", "another one")
    .option("--conclusion <text>", "what was found and what follows from it")
    .option("--json", "print {id}")
    .addHelpText(
      "after",
      '\nExample:\n  openclaw incident close --conclusion "The token was rotated; nothing was read."',
    )
    .action(async (options: JsonOption & { id?: string; conclusion?: string }) => {
      const id = await inIncident(context, async (deps) => {
        const which = options.id ?? (await openOne(deps));
        await closeIncident(deps, OPERATOR_BY, { id: which, conclusion: options.conclusion });
        return which;
      });
      say(context, options.json, { id }, `Closed ${id}. Its report: openclaw incident report --id ${id}`);
    });

  incident
    .command("status")
    .description("what is locked, what is open, and what was")
    .option("--json", "print one object")
    .action(async ({ json }: JsonOption) => status(context, json));

  incident
    .command("report")
    .description("the post-incident report: timeline, locks, what was cut, open questions")
    .option("--id <incident>", "default: the open one")
    .option("--format <format>", REPORT_FORMATS.join(", "), "text")
    .option("--output <file>", "a new file, readable by you alone; default: standard output")
    .option("--json", "the same as --format json")
    .addHelpText("after", "\nExample:\n  openclaw incident report --format md --output incident.md")
    .action(async (options: JsonOption & { id?: string; format: string; output?: string }) => report(context, options));

  incident
    .command("contacts")
    .description("whom to call (security.incident.contacts)")
    .option("--json", "print an array")
    .action(({ json }: JsonOption) => {
      const contacts = contactsOf(loadConfig(context.paths.configFile).config);
      if (json === true) {
        printJson(context, contacts);
      } else if (contacts.length === 0) {
        context.err("No contacts are configured. Add them under security.incident.contacts.");
      } else {
        printContacts(context, contacts);
      }
    });
}

const say = (context: CliContext, json: boolean | undefined, value: object, text: string): void =>
  json === true ? printJson(context, value) : context.out(text);

const printContacts = (context: CliContext, contacts: readonly Contact[]): void =>
  printTable(
    context,
    ["name", "role", "e-mail", "phone"],
    contacts.map(({ name, role, email, phone }) => [name, role, email ?? "", phone ?? ""]),
  );

async function status(context: CliContext, json: boolean | undefined): Promise<void> {
  const byFile = stopFileLock(context.paths) !== null;
  const board = await withDatabase(context, (db, pool) => readBoard({ db, pool, clock: systemClock }, []));
  if (json === true) {
    printJson(context, { ...board, stoppedByFile: byFile });
    return;
  }
  const { locks, drills, open, history } = board;
  const isStopped = byFile || locks.some(({ kind }) => kind === "everything");
  context.out(
    isStopped ? "EVERYTHING IS STOPPED. Take it back with: openclaw incident resume" : "Nothing is stopped as a whole.",
  );
  context.out(`\nLocks: ${locks.length}`);
  if (locks.length > 0) {
    printTable(context, ["id", "what", "since", "until", "by", "reason"], locks.map(lockRow));
  }
  if (drills.length > 0) {
    context.out("\nDrills that go on (nobody is shut out):");
    printTable(context, ["id", "what", "since", "until", "by", "reason"], drills.map(lockRow));
  }
  context.out(`\nOpen incidents: ${open.length}`);
  for (const { id, severity, title, commander, drill, openedAt } of open) {
    context.out(
      `  ${id}  ${drill ? "DRILL " : ""}${severity}  ${title}  led by ${commander}, since ${openedAt.toISOString()}`,
    );
  }
  if (history.length > 0) {
    context.out("\nClosed:");
    for (const { id, severity, title, drill, openedAt } of history.slice(0, 10)) {
      context.out(`  ${id}  ${drill ? "DRILL " : ""}${severity}  ${title}  ${openedAt.toISOString()}`);
    }
  }
}

const lockRow = ({ id, kind, target, setAt, expiresAt, setBy, reason }: LockView): string[] => [
  id,
  kind === "everything" ? "everything" : `${kind} ${target}`,
  setAt.toISOString(),
  expiresAt?.toISOString() ?? "lifted",
  setBy,
  reason,
];

async function report(
  context: CliContext,
  { id, format: asked, output, json }: JsonOption & { id?: string; format: string; output?: string },
): Promise<void> {
  const format = json === true ? "json" : REPORT_FORMATS.find((known) => known === asked);
  if (format === undefined) {
    throw new AppError("INVALID_INPUT", `--format ${asked}: write one of ${REPORT_FORMATS.join(", ")}.`);
  }
  const contacts = contactsOf(loadConfig(context.paths.configFile).config);
  const text = await withDatabase(context, async (db, pool) => {
    const deps = { db, pool, clock: systemClock };
    const incident = await readIncident(deps, id ?? (await openOne(deps)));
    return renderIncident({ incident, contacts, generatedAt: new Date() }, format);
  });
  const target = output === undefined ? toStdout(context) : await newOutput(output);
  await target.write(text);
  await target.close();
}
