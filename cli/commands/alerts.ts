/** `openclaw alerts …`: what fires, who was told, and silencing it when the console is not at hand. */
import type { Command } from "commander";
import { registerAlertPoints } from "./alerts-points.ts";
import type { ListOptions } from "../access-edit.ts";
import { printJson, printTable, type CliContext } from "../context.ts";
import { withDatabase } from "../database.ts";
import { OPERATOR } from "../operator.ts";
import {
  acknowledgeAlert,
  conditionText,
  endSilence,
  listAlertDeliveries,
  listAlerts,
  listRules,
  listSilences,
  matcherText,
  pauseRule,
  resendAlertDelivery,
  setSilence,
} from "#server/alerts/index.ts";
import { LABELS, type MatcherOperator } from "#server/alerts/policy.ts";
import { SilenceDraft, type Matcher } from "#server/alerts/schema.ts";
import { loadConfig, parseDuration } from "#server/config/index.ts";
import type { Db } from "#server/core/db/client.ts";
import { AppError } from "#server/core/errors.ts";
import { parseInput } from "#server/core/parse-input.ts";

interface AllOption extends ListOptions {
  all?: true;
}
interface SilenceOptions extends ListOptions {
  match: string[];
  for: string;
  comment: string;
}
interface DeliveryOptions extends ListOptions {
  failed?: true;
  limit: string;
}

const when = (date: Date | null): string => date?.toISOString().slice(0, 19).replace("T", " ") ?? "";

export function registerAlerts(program: Command, context: CliContext): void {
  const alerts = program.command("alerts").description("alerts, their rules, and who is told");

  alerts
    .command("list")
    .description("list what fires and what is about to")
    .option("--all", "also what is resolved, newest first")
    .option("--json", "print an array")
    .addHelpText("after", "\nExit code 1 when something fires.\n\nExample:\n  openclaw alerts list --json")
    .action(async (options: AllOption) => list(context, options));

  alerts
    .command("ack <alert>")
    .description("take an alert on: nobody is reminded of it any more")
    .option("--json", "print {acknowledged}")
    .addHelpText("after", "\nExample:\n  openclaw alerts ack alt_0123456789abcdefghjkmn")
    .action(async (id: string, { json }: ListOptions) => {
      await withDatabase(context, (db) => acknowledgeAlert(db, OPERATOR, id, new Date()));
      say(context, json, { acknowledged: id }, `Alert ${id} is yours. Its end is still told.`);
    });

  alerts
    .command("rules")
    .description("list the rules and what they are doing")
    .option("--json", "print an array")
    .addHelpText("after", "\nExample:\n  openclaw alerts rules")
    .action(async ({ json }: ListOptions) => rules(context, json === true));

  for (const [name, paused] of [
    ["pause", true],
    ["resume", false],
  ] as const) {
    alerts
      .command(`${name} <rule>`)
      .description(paused ? "stop a rule; its alerts end" : "take a rule up again")
      .option("--json", `print {rule, paused}`)
      .addHelpText("after", `\nThe rule's name or id.\n\nExample:\n  openclaw alerts ${name} "Many failed sign-ins"`)
      .action(async (rule: string, { json }: ListOptions) => pause(context, rule, paused, json));
  }

  alerts
    .command("silence")
    .description("tell nobody of some alerts for a time; they are still found and recorded")
    .requiredOption(
      "--match <label=value>",
      `one of ${LABELS.join(", ")}; * stands for any text; may be repeated`,
      collect,
      [],
    )
    .requiredOption("--for <duration>", "how long, such as 2h")
    .requiredOption("--comment <text>", "why")
    .option("--json", "print {id, endsAt}")
    .addHelpText(
      "after",
      '\nExample:\n  openclaw alerts silence --match "subject=address:192.0.2.*" --for 2h --comment "load test"',
    )
    .action(async (options: SilenceOptions) => silence(context, options));

  alerts
    .command("silences")
    .description("list the silences")
    .option("--all", "also those that are over")
    .option("--json", "print an array")
    .addHelpText("after", "\nExample:\n  openclaw alerts silences")
    .action(async (options: AllOption) => silences(context, options));

  alerts
    .command("unsilence <silence>")
    .description("end a silence now; what still fires is told")
    .option("--json", "print {ended}")
    .addHelpText("after", "\nExample:\n  openclaw alerts unsilence sil_0123456789ab")
    .action(async (id: string, { json }: ListOptions) => {
      await withDatabase(context, (db) => endSilence(db, OPERATOR, id, new Date()));
      say(context, json, { ended: id }, `Silence ${id} is over.`);
    });

  alerts
    .command("deliveries")
    .description("list notifications and what became of them, newest first")
    .option("--failed", "only those that nobody got")
    .option("--limit <count>", "how many", "50")
    .option("--json", "print an array")
    .addHelpText("after", "\nExample:\n  openclaw alerts deliveries --failed")
    .action(async (options: DeliveryOptions) => deliveries(context, options));

  alerts
    .command("resend <notification>")
    .description("send a notification again, under its old id")
    .option("--json", "print {resent}")
    .addHelpText("after", "\nExample:\n  openclaw alerts resend ntf_0123456789abcdefghjkmn")
    .action(async (id: string, { json }: ListOptions) => {
      await withDatabase(context, (db) => resendAlertDelivery(db, OPERATOR, id, new Date()));
      say(context, json, { resent: id }, `Notification ${id} is sent again. See: openclaw alerts deliveries`);
    });

  registerAlertPoints(alerts, context);
}

const collect = (value: string, before: string[]): string[] => [...before, value];

function say(context: CliContext, json: boolean | undefined, value: unknown, text: string): void {
  if (json === true) {
    printJson(context, value);
  } else {
    context.out(text);
  }
}

async function list(context: CliContext, { all, json }: AllOption): Promise<void> {
  const filter = { limit: 200, ...(all === true ? {} : { open: true }) };
  const { alerts } = await withDatabase(context, (db) => listAlerts(db, filter));
  if (json === true) {
    printJson(context, alerts);
  } else if (alerts.length === 0) {
    context.err("Nothing fires.");
  } else {
    printTable(
      context,
      ["id", "state", "severity", "since", "rule", "about"],
      alerts.map(({ id, state, severity, startedAt, rule, subject }) => [
        id,
        state,
        severity,
        when(startedAt),
        rule,
        subject,
      ]),
    );
  }
  if (alerts.some(({ state }) => state === "firing" || state === "recovering")) {
    context.setExitCode(1);
  }
}

const rulesOf = (context: CliContext, db: Db) =>
  listRules({ db, config: { current: () => loadConfig(context.paths.configFile) } });

async function rules(context: CliContext, json: boolean): Promise<void> {
  const found = await withDatabase(context, (db) => rulesOf(context, db));
  if (json) {
    printJson(context, found);
    return;
  }
  printTable(
    context,
    ["rule", "state", "severity", "when"],
    found.map(({ name, severity, condition, ...rule }) => [name, stateOf(rule), severity, conditionText(condition)]),
  );
}

type RuleState = Pick<
  Awaited<ReturnType<typeof listRules>>[number],
  "paused" | "offBecause" | "firing" | "pending" | "health"
>;

function stateOf({ paused, offBecause, firing, pending, health }: RuleState): string {
  if (paused) {
    return "paused";
  }
  if (offBecause !== null) {
    return "off";
  }
  if (firing > 0) {
    return `firing (${firing})`;
  }
  return health === "no_data" ? "no data" : health === "failed" ? "failed" : pending > 0 ? "pending" : "ok";
}

async function pause(context: CliContext, rule: string, paused: boolean, json: boolean | undefined): Promise<void> {
  const id = await withDatabase(context, async (db) => {
    const found = (await rulesOf(context, db)).find((one) => one.id === rule || one.name === rule);
    if (found === undefined) {
      throw new AppError("NOT_FOUND", `There is no alert rule "${rule}". List them with: openclaw alerts rules`);
    }
    await pauseRule(db, OPERATOR, found.id, paused);
    return found.id;
  });
  say(context, json, { rule: id, paused }, paused ? `Rule "${rule}" is paused.` : `Rule "${rule}" is evaluated again.`);
}

async function silence(context: CliContext, { match, for: length, comment, json }: SilenceOptions): Promise<void> {
  const ms = parseDuration(length);
  if (ms === undefined || ms <= 0) {
    throw new AppError("INVALID_INPUT", '--for: write a duration such as "2h".');
  }
  const now = new Date();
  const endsAt = new Date(now.getTime() + ms);
  const draft = parseInput(SilenceDraft, "Silence", { matchers: match.map(matcherOf), comment, endsAt });
  const { id } = await withDatabase(context, (db) => setSilence(db, OPERATOR, draft, now));
  say(context, json, { id, endsAt: endsAt.toISOString() }, `Silence ${id} holds until ${endsAt.toISOString()}.`);
}

function matcherOf(text: string): Matcher {
  const [, name, sign, value = ""] = /^([a-z]+)(!?=)(.*)$/.exec(text) ?? [];
  const label = LABELS.find((known) => known === name);
  if (label === undefined) {
    throw new AppError("INVALID_INPUT", `--match: write ${LABELS.join(", ")} and a value, such as severity=warn.`);
  }
  const operator: MatcherOperator = sign === "!=" ? "is_not" : value.includes("*") ? "like" : "is";
  return { label, operator, value };
}

async function silences(context: CliContext, { all, json }: AllOption): Promise<void> {
  const found = await withDatabase(context, (db) => listSilences(db, new Date()));
  const shown = found.filter(({ state }) => all === true || state !== "ended");
  if (json === true) {
    printJson(context, shown);
  } else if (shown.length === 0) {
    context.err("Nothing is silenced.");
  } else {
    printTable(
      context,
      ["id", "state", "until", "what", "why", "by"],
      shown.map(({ id, state, endsAt, matchers, comment, createdBy }) => [
        id,
        state,
        when(endsAt),
        matchers.map(matcherText).join(" and "),
        comment,
        createdBy,
      ]),
    );
  }
}

async function deliveries(context: CliContext, { failed, limit, json }: DeliveryOptions): Promise<void> {
  const count = Number(limit);
  if (!Number.isInteger(count) || count < 1 || count > 200) {
    throw new AppError("INVALID_INPUT", "--limit: write a number from 1 to 200.");
  }
  const filter = { limit: count, ...(failed === true ? { state: "failed" as const } : {}) };
  const page = await withDatabase(context, (db) => listAlertDeliveries(db, filter));
  if (json === true) {
    printJson(context, page.deliveries);
  } else if (page.deliveries.length === 0) {
    context.err("Nothing was sent.");
  } else {
    printTable(
      context,
      ["id", "state", "tries", "at", "to", "what"],
      page.deliveries.map(({ id, state, reason, attempts, createdAt, pointName, title }) => [
        id,
        reason === null ? state : `${state} (${reason})`,
        String(attempts),
        when(createdAt),
        pointName,
        title,
      ]),
    );
  }
}
