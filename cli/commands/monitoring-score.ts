/** `openclaw monitoring score`: the detector on a file of anybody's, in one pass and in constant memory. */
import { createReadStream } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import type { Command } from "commander";
import type { CliContext } from "../context.ts";
import { createRowReader, Detector, MAX_LINE, type CsvRow } from "#server/anomalies/index.ts";
import { AppError, hasErrorCode, messageOf } from "#server/core/errors.ts";

const DIGITS = 6;

export function registerScore(monitoring: Command, context: CliContext): void {
  monitoring
    .command("score")
    .description("score each row of a timestamp,value file as the live detector would, in one pass")
    .requiredOption("--csv <file>", 'the file; "-" reads standard input')
    .option("--json", "print one JSON object per line instead of CSV")
    .addHelpText(
      "after",
      `
Rows are "timestamp,value" in order of time; a header line may name and order the columns. Timestamps are ISO 8601
or "YYYY-MM-DD HH:MM:SS", UTC where they name no zone. Scores are between 0 and 1 and high only where an
episode begins or clearly worsens; the live detector reports from security.monitoring.anomalyDetection.threshold on.
Exit code 2 names the line and the field that cannot be read; the rows before it are printed.

Examples:
  openclaw monitoring score --csv requests.csv
  zcat requests.csv.gz | openclaw monitoring score --csv - --json`,
    )
    .action(async (options: { csv: string; json?: boolean }) => {
      const input = options.csv === "-" ? process.stdin : createReadStream(options.csv);
      await scoreRows(context, input, options);
    });
}

async function scoreRows(
  context: CliContext,
  input: AsyncIterable<unknown>,
  { csv, json }: { csv: string; json?: boolean },
): Promise<void> {
  const detector = new Detector();
  const read = createRowReader();
  const print = json === true ? asJson : asCsv;
  let lines: string[] = json === true ? [] : ["timestamp,value,score"];
  const flush = (): void => {
    if (lines.length > 0) context.out(lines.join("\n"));
    lines = [];
  };
  try {
    for await (const batch of linesOf(input)) {
      for (const line of batch) {
        const row = read(line);
        if (row !== undefined) lines.push(print(row, detector.step(row.at, row.value).score));
      }
      flush();
    }
  } catch (error) {
    flush();
    if (hasErrorCode(error, "ENOENT")) throw new AppError("NOT_FOUND", `${csv} does not exist.`, { cause: error });
    if (error instanceof AppError) throw new AppError(error.code, `${csv}: ${error.message}`, { cause: error });
    throw new AppError("INVALID_INPUT", `${csv} cannot be read: ${messageOf(error)}.`, { cause: error });
  }
  flush();
}

function asCsv({ timestamp, text }: CsvRow, score: number): string {
  return `${timestamp},${text},${score.toFixed(DIGITS)}`;
}

function asJson({ timestamp, value }: CsvRow, score: number): string {
  return JSON.stringify({ timestamp, value, score: Number(score.toFixed(DIGITS)) });
}

/** Lines without their ends, chunk by chunk. What has no line end in reach is handed on too long, and refused by who reads it. */
async function* linesOf(input: AsyncIterable<unknown>): AsyncGenerator<string[]> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  for await (const chunk of input) {
    const lines = (rest + (Buffer.isBuffer(chunk) ? decoder.write(chunk) : String(chunk))).split("\n");
    rest = lines.pop() ?? "";
    yield lines;
    if (rest.length > MAX_LINE) break;
  }
  rest += decoder.end();
  if (rest !== "") yield [rest];
}
