/** `openclaw monitoring anomalies` and `status`: what was found unusual, and whether anybody looks. */
import { InvalidArgumentError, Option, type Command } from "commander";
import { printJson, printTable, type CliContext } from "../context.ts";
import { withDatabase } from "../database.ts";
import { shownName } from "../file-settings.ts";
import { figure, listAnomalies, watchSettings, watchStatus } from "#server/anomalies/index.ts";
import { loadConfig, parseDuration } from "#server/config/index.ts";

const DAY_MS = 86_400_000;
const LIMIT = 200;
/** Without a look for so long nobody watches: a look a minute, and what one waits for. */
const LATE_MS = 15 * 60_000;

interface ListFlags {
  last: number;
  open?: boolean;
  json?: boolean;
}

export function registerAnomalies(monitoring: Command, context: CliContext): void {
  monitoring
    .command("anomalies")
    .description("list episodes in which something measured was unusual, newest first")
    .addOption(
      new Option("--last <duration>", "those that went on within this time: 90m, 24h, 7d")
        .argParser(parseLast)
        .default(DAY_MS, "24h"),
    )
    .option("--open", "only those that are not over")
    .option("--json", "print an array")
    .addHelpText(
      "after",
      `
Exits with 1 when an episode is open, with 0 otherwise.

Examples:
  openclaw monitoring anomalies
  openclaw monitoring anomalies --last 7d --json`,
    )
    .action(async (flags: ListFlags) => list(context, flags));

  monitoring
    .command("status")
    .description("what is watched, how far, and what is unusual now")
    .option("--json", "print {watch, open}")
    .addHelpText(
      "after",
      `
Exits with 1 when an episode is open, or when nobody looked for a quarter of an hour (plus a twelfth of the window).

Examples:
  openclaw monitoring status
  openclaw monitoring status --json`,
    )
    .action(async ({ json }: { json?: boolean }) => status(context, json === true));
}

async function list(context: CliContext, { last, open, json }: ListFlags): Promise<void> {
  const since = new Date(Date.now() - last);
  const anomalies = await withDatabase(context, (db) =>
    listAnomalies(db, { since, limit: LIMIT, ...(open === true ? { state: "open" as const } : {}) }),
  );
  if (anomalies.some(({ endedAt }) => endedAt === null)) context.setExitCode(1);
  if (json === true) {
    printJson(context, anomalies);
    return;
  }
  if (anomalies.length === 0) {
    context.err("Nothing was unusual in that time.");
    return;
  }
  printTable(
    context,
    ["began", "ended", "score", "metric", "about", "value", "ordinary", "said"],
    anomalies.map((each) => [
      each.startedAt.toISOString(),
      each.endedAt?.toISOString() ?? "open",
      each.score.toFixed(2),
      each.metric,
      each.subject === "" ? "all together" : shownName(each.subject),
      `${figure(each.value)} ${each.unit}`,
      `${figure(each.expectedLow)} to ${figure(each.expectedHigh)}`,
      each.acknowledged?.verdict ?? "-",
    ]),
  );
}

async function status(context: CliContext, json: boolean): Promise<void> {
  const settings = watchSettings(loadConfig(context.paths.configFile).config);
  const { watch, open } = await withDatabase(context, async (db) => ({
    watch: await watchStatus(db, settings),
    open: await listAnomalies(db, { state: "open", limit: LIMIT }),
  }));
  const late = watch.upTo === null || Date.now() - watch.upTo.getTime() > LATE_MS + (watch.windowSeconds * 1000) / 12;
  if (open.length > 0 || (watch.enabled && late)) context.setExitCode(1);
  if (json) {
    printJson(context, { watch, open });
    return;
  }
  if (!watch.enabled) {
    context.out(
      "Anomaly detection is off (security.monitoring.enabled, security.monitoring.anomalyDetection.enabled).",
    );
  } else {
    context.out(`Watched:    ${watch.metrics.join(", ")}`);
    context.out(`Window:     ${watch.windowSeconds / 60} minutes; an episode begins at a score of ${watch.threshold}`);
    context.out(`Series:     ${watch.series}`);
    context.out(`Looked at:  everything up to ${watch.upTo?.toISOString() ?? "(nothing yet)"}`);
    if (late) context.out("Nobody has looked for a while. Is the gateway running? Start it with: npm start");
  }
  context.out(open.length === 0 ? "Nothing is unusual now." : `Unusual now: ${open.length}`);
  for (const { explanation } of open) context.out(`  ${shownName(explanation)}`);
}

function parseLast(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms <= 0) throw new InvalidArgumentError('Write a duration such as "90m", "24h" or "7d".');
  return ms;
}
