/** Options of the commands that read the record: which events, and of which time. */
import { InvalidArgumentError, Option, type Command } from "commander";
import { AuditFilter, OUTCOMES, SEVERITIES } from "#server/audit/index.ts";
import { parseDuration } from "#server/config/index.ts";
import { AppError } from "#server/core/errors.ts";

interface TimeOptions {
  /** Milliseconds. */
  last?: number;
  since?: Date;
  until?: Date;
}

export interface FilterOptions extends TimeOptions {
  event?: string;
  level?: AuditFilter["level"];
  outcome?: AuditFilter["outcome"];
  actor?: string;
  user?: string;
  channel?: string;
  target?: string;
  token?: string;
  address?: string;
  request?: string;
  correlation?: string;
  reason?: string;
}

export function addTimeOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--last <duration>", "only events younger than this: 30m, 24h, 7d")
        .argParser(parseAge)
        .conflicts(["since", "until"]),
    )
    .option("--since <time>", "only events from this time on: 2026-03-01 or 2026-03-01T12:00:00Z", parseTime)
    .option("--until <time>", "only events before this time", parseTime);
}

export function addFilterOptions(command: Command): Command {
  return command
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
    .option("--token <id>", "token that carried it")
    .option("--address <ip>", "address it came from")
    .option("--request <id>", "request id, as error answers name it")
    .option("--correlation <id>", "correlation id: all that belongs to one thing")
    .option("--reason <code>", "reason code, such as unknown_token");
}

export function parseAge(written: string): number {
  const ms = parseDuration(written);
  if (ms === undefined || ms === 0) {
    throw new InvalidArgumentError("Write a duration such as 30m, 24h or 7d.");
  }
  return ms;
}

/** A day alone begins at midnight in UTC, as all times of the record are. */
const TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/;

function parseTime(written: string): Date {
  const time = new Date(written);
  if (!TIME.test(written) || Number.isNaN(time.getTime())) {
    throw new InvalidArgumentError("Write a day or a time with its zone: 2026-03-01, 2026-03-01T12:00:00Z.");
  }
  return time;
}

/** Names of options that differ from the filter's own. */
const OPTION_NAMES: Record<string, string> = {
  requestId: "request",
  tokenId: "token",
  correlationId: "correlation",
};

/** @throws AppError("INVALID_INPUT") naming the option: an empty or overlong value, an end before the beginning. */
export function filterFrom(options: FilterOptions, limit?: number): AuditFilter {
  const { last, since, until, request, token, correlation } = options;
  const { event, level, outcome, actor, user, channel, target, address, reason } = options;
  if (since !== undefined && until !== undefined && since >= until) {
    throw new AppError("INVALID_INPUT", "--until: lies before --since. Correct the option.");
  }
  const parsed = AuditFilter.safeParse({
    ...{ event, level, outcome, actor, user, channel, target, address, reason },
    tokenId: token,
    requestId: request,
    correlationId: correlation,
    since: last === undefined ? since : new Date(Date.now() - last),
    until,
    limit,
  });
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => {
      const name = path.join(".");
      return `--${OPTION_NAMES[name] ?? name}: ${message}`;
    });
    throw new AppError("INVALID_INPUT", `${problems.join("; ")}. Correct the option.`);
  }
  return parsed.data;
}
