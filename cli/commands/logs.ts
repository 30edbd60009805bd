/** `openclaw logs …`: reading the audit record. */
import { InvalidArgumentError, Option, type Command } from "commander";
import type { CliContext } from "../context.ts";
import { withDatabase } from "../database.ts";
import { formatEntry } from "../audit-line.ts";
import {
  AuditFilter,
  awaitSealing,
  canonicalJson,
  followEvents,
  listEvents,
  OUTCOMES,
  SEVERITIES,
  type AuditEntry,
} from "#server/audit/index.ts";
import { parseDuration } from "#server/config/index.ts";
import { openNotifyHub } from "#server/core/db/notify.ts";
import { readConnections } from "#server/core/db/connections.ts";
import { AppError } from "#server/core/errors.ts";
import { createLogger } from "#server/core/log.ts";
import type { Pool } from "pg";

interface LogsOptions {
  /** Milliseconds. */
  last?: number;
  limit: number;
  json?: boolean;
  follow?: boolean;
  event?: string;
  level?: AuditFilter["level"];
  outcome?: AuditFilter["outcome"];
  actor?: string;
  user?: string;
  channel?: string;
  target?: string;
  request?: string;
}

const MAX_EVENTS = 10_000;
const PAGE_EVENTS = 1_000;

export function registerLogs(program: Command, context: CliContext): void {
  const logs = program.command("logs").description("read the audit record");

  addCommonOptions(logs.command("audit").description("show what happened, oldest first"))
    .addHelpText(
      "after",
      "\nExamples:\n  openclaw logs audit --last 24h\n  openclaw logs audit --follow\n  openclaw logs audit --last 7d --limit 5000 --json",
    )
    .action(async (options: LogsOptions) => show(context, options));

  addCommonOptions(logs.command("filter").description("show the events that match all options, oldest first"))
    .option(
      "--event <name>",
      "event name, kind, or the beginning of either: authentication also finds authentication_failure",
    )
    .addOption(new Option("--level <level>", "this severity or a graver one").choices(SEVERITIES))
    .addOption(new Option("--outcome <outcome>", "how it ended").choices(OUTCOMES))
    .option("--actor <id>", "id or type of who did it")
    .option("--user <id>", "gateway user")
    .option("--channel <name>", "channel")
    .option("--target <id>", "what it was done to: the id of a run, token, role …")
    .option("--request <id>", "request id, as error answers name it")
    .addHelpText(
      "after",
      "\nExamples:\n  openclaw logs filter --event authentication --level warn\n  openclaw logs filter --event authorization_denied --last 24h\n  openclaw logs filter --request req_0123456789abcdefghjk --json",
    )
    .action(async (options: LogsOptions) => show(context, options));
}

function addCommonOptions(command: Command): Command {
  return command
    .option("--last <duration>", "only events younger than this: 30m, 24h, 7d", parseAge)
    .option("--limit <n>", `show at most this many, the newest ones (up to ${MAX_EVENTS})`, parseLimit, 100)
    .option("--follow", "keep printing new events until interrupted")
    .option("--json", "one JSON object per line");
}

function parseAge(written: string): number {
  const ms = parseDuration(written);
  if (ms === undefined || ms === 0) {
    throw new InvalidArgumentError("Write a duration such as 30m, 24h or 7d.");
  }
  return ms;
}

function parseLimit(written: string): number {
  const limit = Number(written);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_EVENTS) {
    throw new InvalidArgumentError(`Write a whole number from 1 to ${MAX_EVENTS}.`);
  }
  return limit;
}

async function show(context: CliContext, options: LogsOptions): Promise<void> {
  const filter = toFilter(options);
  const print = (entries: readonly AuditEntry[]): void => {
    entries.forEach((entry) => context.out(options.json === true ? canonicalJson(entry) : formatEntry(entry)));
  };
  await withDatabase(context, async (_db, pool) => {
    await waitForSealer(context, pool);
    if (options.follow === true) {
      await follow(context, pool, filter, print);
      return;
    }
    const { events, more } = await newest(pool, filter, options.limit);
    print(events);
    if (events.length === 0) {
      context.err("No event matches. Widen --last or leave out an option.");
    } else if (more) {
      context.err(`Only the newest ${events.length} are shown. Raise --limit or narrow the options.`);
    }
  });
}

/** What happened a moment ago is shown as well; what cannot be shown yet is said. */
async function waitForSealer(context: CliContext, pool: Pool): Promise<void> {
  const waiting = await awaitSealing(pool);
  if (waiting > 0) {
    const batches = waiting === 1 ? "1 batch of events is" : `${waiting} batches of events are`;
    context.err(`${batches} not sealed yet and not shown; is the sealer running?`);
  }
}

/** @throws AppError("INVALID_INPUT") for an empty or overlong value. */
function toFilter(options: LogsOptions): AuditFilter {
  const parsed = AuditFilter.safeParse({
    event: options.event,
    level: options.level,
    outcome: options.outcome,
    actor: options.actor,
    user: options.user,
    channel: options.channel,
    target: options.target,
    requestId: options.request,
    since: options.last === undefined ? undefined : new Date(Date.now() - options.last),
    limit: Math.min(options.limit, PAGE_EVENTS),
  });
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `--${issue.path.join(".")}: ${issue.message}`);
    throw new AppError("INVALID_INPUT", `${problems.join("; ")}. Correct the option.`);
  }
  return parsed.data;
}

async function newest(
  pool: Pool,
  filter: AuditFilter,
  limit: number,
): Promise<{ events: AuditEntry[]; more: boolean }> {
  const found: AuditEntry[] = [];
  for (let before = filter.before; ;) {
    const page = await listEvents(pool, { ...filter, before, limit: Math.min(PAGE_EVENTS, limit - found.length) });
    found.push(...page.events);
    if (page.next === null || found.length >= limit) {
      return { events: found.toReversed(), more: page.next !== null };
    }
    before = page.next;
  }
}

async function follow(
  context: CliContext,
  pool: Pool,
  filter: AuditFilter,
  print: (entries: readonly AuditEntry[]) => void,
): Promise<void> {
  const interrupted = new AbortController();
  const stop = (): void => interrupted.abort();
  process.once("SIGINT", stop).once("SIGTERM", stop);
  const hub = await openNotifyHub(readConnections(context.paths).appUrl, "cli", createLogger("cli", "silent"));
  try {
    for await (const entries of followEvents(pool, hub, filter, interrupted.signal)) {
      print(entries);
    }
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
    await hub.close();
  }
}
