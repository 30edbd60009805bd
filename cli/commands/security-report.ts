/** `openclaw security report`: what happened, for people who have to judge it. */
import { Option, type Command } from "commander";
import type { CliContext } from "../context.ts";
import { parseAge } from "../audit-options.ts";
import { waitForSealer } from "../await-sealing.ts";
import { withDatabase } from "../database.ts";
import { OPERATOR } from "../operator.ts";
import { newOutput, toStdout } from "../output-file.ts";
import { sayWhenLong } from "../progress.ts";
import {
  readReportFacts,
  recordEvents,
  renderReport,
  REPORT_FORMATS,
  reportPeriod,
  type ReportFormat,
} from "#server/audit/index.ts";
import { withTx, type Db } from "#server/core/db/client.ts";

interface ReportOptions {
  /** Milliseconds. */
  last: number;
  format: ReportFormat;
  out?: string;
}

export function registerReport(security: Command, context: CliContext): void {
  security
    .command("report")
    .description("summarize what the audit record tells about a period, against the one before")
    .addOption(
      new Option("--last <duration>", "how far back: 24h, 7d, 30d; whole hours")
        .argParser(parseAge)
        .default(7 * 86_400_000, "7d"),
    )
    .addOption(
      new Option("--format <format>", "html is one file with charts, that needs nothing else")
        .choices(REPORT_FORMATS)
        .default("text"),
    )
    .option("--out <file>", "write to this file, readable by you only, instead of standard output")
    .addHelpText(
      "after",
      "\nExamples:\n  openclaw security report --last 7d\n  openclaw security report --last 30d --format html --out report.html\n  openclaw security report --last 24h --format json",
    )
    .action(async (options: ReportOptions) => run(context, options));
}

async function run(context: CliContext, { last, format, out }: ReportOptions): Promise<void> {
  await withDatabase(context, async (db, pool) => {
    await waitForSealer(context, pool);
    const now = new Date();
    const period = reportPeriod(now, last);
    await record(db, { since: period.since.toISOString(), until: period.until.toISOString() });
    const facts = await sayWhenLong(context, "Reading the record …", readReportFacts(pool, period, now));
    const text = renderReport(facts, format);
    const output = out === undefined ? toStdout(context) : await newOutput(out);
    await output.write(text);
    await output.close();
    if (output.file !== null) {
      context.err(`The report is in ${output.file}.`);
    }
  });
}

function record(db: Db, filter: Record<string, string>): Promise<void> {
  const event = { event: "audit.read", outcome: "ok", actor: OPERATOR, reason: "report", data: { filter } } as const;
  return withTx(db, (tx) => recordEvents(tx, [event]));
}
