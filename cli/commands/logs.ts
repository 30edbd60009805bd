/** `openclaw logs …`: reading the audit record. */
import { InvalidArgumentError, type Command } from "commander";
import type { CliContext } from "../context.ts";
import { addFilterOptions, addTimeOptions, filterFrom, type FilterOptions } from "../audit-options.ts";
import { waitForSealer } from "../await-sealing.ts";
import { withDatabase } from "../database.ts";
import { formatEntry } from "../audit-line.ts";
import { canonicalJson, followEvents, listEvents, type AuditEntry, type AuditFilter } from "#server/audit/index.ts";
import { openNotifyHub } from "#server/core/db/notify.ts";
import { readConnections } from "#server/core/db/connections.ts";
import { createLogger } from "#server/core/log.ts";
import type { Pool } from "pg";

interface LogsOptions extends FilterOptions {
  limit: number;
  json?: boolean;
  follow?: boolean;
}

const MAX_EVENTS = 10_000;
const PAGE_EVENTS = 1_000;
const SHOWN_BY_DEFAULT = 100;
/** What `tail` begins with. */
const TAIL_EVENTS = 10;

const FOLLOW = ["--follow", "keep printing new events until interrupted"] as const;

export function registerLogs(program: Command, context: CliContext): void {
  const logs = program.command("logs").description("read the audit record");

  addOutputOptions(addTimeOptions(logs.command("audit").description("show what happened, oldest first")))
    .option(...FOLLOW)
    .addHelpText(
      "after",
      "\nExamples:\n  openclaw logs audit --last 24h\n  openclaw logs audit --follow\n  openclaw logs audit --since 2026-03-01 --until 2026-03-02 --limit 5000 --json",
    )
    .action(async (options: LogsOptions) => show(context, options));

  addOutputOptions(
    addTimeOptions(
      addFilterOptions(logs.command("filter").description("show the events that match all options, oldest first")),
    ),
  )
    .option(...FOLLOW)
    .addHelpText(
      "after",
      "\nExamples:\n  openclaw logs filter --event authentication --level warn\n  openclaw logs filter --event authorization_denied --last 24h\n  openclaw logs filter --address 203.0.113.9 --last 7d\n  openclaw logs filter --request req_0123456789abcdefghjk --json",
    )
    .action(async (options: LogsOptions) => show(context, options));

  addOutputOptions(
    addFilterOptions(logs.command("tail").description("print events as they happen until interrupted")),
    TAIL_EVENTS,
  )
    .addHelpText(
      "after",
      "\nExamples:\n  openclaw logs tail\n  openclaw logs tail --level warn\n  openclaw logs tail --event run --limit 1 --json",
    )
    .action(async (options: LogsOptions) => show(context, { ...options, follow: true }));
}

function addOutputOptions(command: Command, shown = SHOWN_BY_DEFAULT): Command {
  return command
    .option("--limit <n>", `show at most this many, the newest ones (up to ${MAX_EVENTS})`, parseLimit, shown)
    .option("--json", "one JSON object per line");
}

function parseLimit(written: string): number {
  const limit = Number(written);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_EVENTS) {
    throw new InvalidArgumentError(`Write a whole number from 1 to ${MAX_EVENTS}.`);
  }
  return limit;
}

async function show(context: CliContext, options: LogsOptions): Promise<void> {
  const filter = filterFrom(options, Math.min(options.limit, PAGE_EVENTS));
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
