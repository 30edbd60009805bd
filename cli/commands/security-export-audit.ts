/** `openclaw security export-audit`: the record, or a part of it, for other systems and for auditors. */
import { Option, type Command } from "commander";
import type { CliContext } from "../context.ts";
import { addFilterOptions, addTimeOptions, filterFrom, type FilterOptions } from "../audit-options.ts";
import { waitForSealer } from "../await-sealing.ts";
import { withDatabase } from "../database.ts";
import { continueOutput, newOutput, toStdout, type Output } from "../output-file.ts";
import { OPERATOR } from "../operator.ts";
import { createProgress } from "../progress.ts";
import {
  awaitCheckpoint,
  EXPORT_FORMATS,
  exportEvent,
  exportRecord,
  orderExport,
  readBegun,
  recordEvents,
  type ExportFormat,
  type ExportOrder,
  type ExportSource,
} from "#server/audit/index.ts";
import { withTx, type Db } from "#server/core/db/client.ts";
import { AppError } from "#server/core/errors.ts";

interface ExportOptions extends FilterOptions {
  format: ExportFormat;
  out?: string;
  resume?: boolean;
}

/** The sealer signs every ten seconds when there is something to sign. */
const CHECKPOINT_WAIT_MS = 15_000;

export function registerExportAudit(security: Command, context: CliContext): void {
  addTimeOptions(
    addFilterOptions(security.command("export-audit").description("write the audit record out, oldest first")),
  )
    .addOption(
      new Option("--format <format>", "json can be verified offline; csv, cef and ocsf are for other systems")
        .choices(EXPORT_FORMATS)
        .default("json"),
    )
    .option("--out <file>", "write to this file, readable by you only, instead of standard output")
    .option("--resume", "go on with a file that was cut off; what to export is taken from it")
    .addHelpText(
      "after",
      `
Every export ends with a proof: the record's head and the newest signed checkpoint. With the public key of
the record (keys/audit-public-key.txt) anybody can verify one in JSON, on any machine:
  openclaw security verify-audit --file audit.json --public-key audit-public-key.txt

Examples:
  openclaw security export-audit --format json
  openclaw security export-audit --format json --last 30d --out audit.json
  openclaw security export-audit --format json --out audit.json --resume
  openclaw security export-audit --format ocsf --level warn --since 2026-03-01 --until 2026-04-01
  openclaw security export-audit --format csv --event authentication --out logins.csv`,
    )
    .action(async (options: ExportOptions) => run(context, options));
}

async function run(context: CliContext, options: ExportOptions): Promise<void> {
  const { limit: _limit, before: _before, ...search } = filterFrom(options);
  await withDatabase(context, async (db, pool) => {
    const source = { pool, keysDir: context.paths.keysDir };
    if (options.resume === true) {
      await resume(context, db, source, options);
      return;
    }
    await waitForSealer(context, pool);
    const order = await orderExport(source, options.format, search);
    await waitForCheckpoint(context, source, order);
    const output = options.out === undefined ? toStdout(context) : await newOutput(options.out);
    await write(context, db, source, order, null, output);
  });
}

async function resume(context: CliContext, db: Db, source: ExportSource, options: ExportOptions): Promise<void> {
  const { format, out, resume: _resume, ...others } = options;
  if (out === undefined) {
    throw new AppError("INVALID_INPUT", "--resume: names no file. Say which one with --out.");
  }
  const begun = await readBegun(out, format);
  const { search } = begun.order;
  refuseOthers(filterFrom(others), search, others.last !== undefined);
  if (begun.complete) {
    context.err(`${out} is complete already.`);
    return;
  }
  await waitForCheckpoint(context, source, begun.order);
  const output = await continueOutput(out, begun.bytes);
  await write(context, db, source, begun.order, begun.bytes === 0 ? null : begun.after, output);
}

/** The file says what is exported. An option that says something else is a mistake; `--last` cannot say the same again. */
function refuseOthers(asked: object, begun: object, ignoresTime: boolean): void {
  const had = new Map<string, unknown>(Object.entries(begun));
  for (const [name, value] of Object.entries(asked)) {
    const isTime = name === "since" || name === "until";
    if (value === undefined || name === "limit" || (isTime && ignoresTime)) {
      continue;
    }
    if (String(had.get(name)) !== String(value)) {
      throw new AppError(
        "INVALID_INPUT",
        `The file was begun with another ${name}. Leave the filters out: --resume takes them from the file.`,
      );
    }
  }
}

async function waitForCheckpoint(context: CliContext, { pool }: ExportSource, { range }: ExportOrder): Promise<void> {
  if (await awaitCheckpoint(pool, range.to, 0)) {
    return;
  }
  context.err("Waiting for the checkpoint that covers the newest rows …");
  if (!(await awaitCheckpoint(pool, range.to, CHECKPOINT_WAIT_MS))) {
    context.err("No checkpoint covers the newest rows: is the sealer running? The export cannot prove those.");
  }
}

async function write(
  context: CliContext,
  db: Db,
  source: ExportSource,
  order: ExportOrder,
  after: number | null,
  output: Output,
): Promise<void> {
  await record(db, order, "started", null);
  const report = createProgress(context);
  let records = 0;
  try {
    for await (const chunk of exportRecord(source, order, after)) {
      await output.write(chunk.text);
      records += chunk.records;
      report(`row ${chunk.row} of ${chunk.lastRow}, ${records} events written`);
    }
  } catch (error) {
    await record(db, order, "failed", records);
    throw error;
  } finally {
    await output.close();
  }
  await record(db, order, "finished", records);
  if (output.file !== null) {
    context.err(`Exported ${records} events of rows ${order.range.from} to ${order.range.to} to ${output.file}.`);
  }
}

/** Before the first byte leaves and at the end: what was taken is on record also when the command is ended half-way. */
const record = (db: Db, order: ExportOrder, reason: "started" | "finished" | "failed", rows: number | null) =>
  withTx(db, (tx) => recordEvents(tx, [exportEvent(order, OPERATOR, reason, rows)]));
