/** The text of an export, piece by piece: as much of it in memory as one batch of rows. */
import { CEF } from "#server/audit/export/cef.ts";
import { CSV } from "#server/audit/export/csv.ts";
import { jsonChunks } from "#server/audit/export/json-stream.ts";
import { OCSF } from "#server/audit/export/ocsf.ts";
import type { ExportChunk, ExportFormat, ExportOrder, LineFormat } from "#server/audit/export/schema.ts";
import { vouchFor, type ExportSource, type Vouched } from "#server/audit/export/source.ts";
import { readMatching } from "#server/audit/reading/query.ts";
import { AppError } from "#server/core/errors.ts";

export const LINE_FORMATS: Record<Exclude<ExportFormat, "json">, LineFormat> = { csv: CSV, cef: CEF, ocsf: OCSF };

/**
 * @param after where to go on, when the beginning is written already: the last row that it speaks of, 0 for none; null to begin.
 * @throws AppError("CONFLICT") when rows that belong in it are missing or were removed since.
 */
export async function* exportRecord(
  source: ExportSource,
  order: ExportOrder,
  after: number | null = null,
): AsyncGenerator<ExportChunk, void, void> {
  const vouched = await vouchFor(source, order);
  const removed = vouched.removal?.to ?? 0;
  if (removed >= order.range.from && removed > (after ?? 0)) {
    throw new AppError(
      "CONFLICT",
      `Rows up to ${removed} have been removed since this export was begun (logging.audit.retention). Begin a new one.`,
    );
  }
  yield* order.format === "json"
    ? jsonChunks(source, order, vouched, after)
    : lineChunks(source, order, vouched, after, LINE_FORMATS[order.format]);
}

async function* lineChunks(
  { pool }: ExportSource,
  order: ExportOrder,
  { proof }: Vouched,
  after: number | null,
  format: LineFormat,
): AsyncGenerator<ExportChunk, void, void> {
  const { range, search } = order;
  const chunk = (lines: readonly string[], records: number, row: number): ExportChunk => ({
    text: lines.map((line) => line + format.lineEnd).join(""),
    records,
    row,
    lastRow: range.to,
  });
  const from = Math.max(range.from, (after ?? 0) + 1);
  if (after === null) {
    yield chunk(format.open(order), 0, from - 1);
  }
  for await (const { rows, upTo } of readMatching(pool, search, { from, to: range.to })) {
    yield chunk(rows.map(format.row), rows.length, upTo);
  }
  yield chunk([format.close(proof)], 0, range.to);
}
