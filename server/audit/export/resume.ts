/** How far an export that was cut off got, so that it is continued to the bytes it would have had. */
import { open, type FileHandle } from "node:fs/promises";
import { isProofJson, lastRowOf, orderOfJson } from "#server/audit/export/json.ts";
import type { ExportFormat, ExportOrder, ReadLine } from "#server/audit/export/schema.ts";
import { LINE_FORMATS } from "#server/audit/export/stream.ts";
import { StoredOrder } from "#server/audit/export/stored-order.ts";
import { AppError } from "#server/core/errors.ts";

export interface Begun {
  order: ExportOrder;
  /** The last row that the file speaks of; 0 for none. */
  after: number;
  /** Bytes that stay: what follows them is an incomplete line. */
  bytes: number;
  /** Nothing is missing. */
  complete: boolean;
}

const CHUNK_BYTES = 64 * 1024;
/** Far more than the first lines of an export take. */
const HEAD_BYTES = 64 * 1024;

/** @throws AppError("INVALID_INPUT") when the file is no beginning of an export in that format. */
export async function readBegun(file: string, format: ExportFormat): Promise<Begun> {
  const handle = await open(file, "r");
  try {
    return await (format === "json" ? begunJson(handle) : begunLines(handle, format));
  } catch (error) {
    if (error instanceof AppError) {
      throw error;
    }
    throw notBegun(file, format, error);
  } finally {
    await handle.close();
  }

  async function begunJson(from: FileHandle): Promise<Begun> {
    const [first] = await headLines(from, "\n", 1);
    const order = orderFrom(format, orderOfJson(first?.line ?? ""));
    const { size } = await from.stat();
    const end = await lastLine(from, "\n", size);
    if (end !== null && end.end === size && isProofJson(end.line)) {
      return { order, after: order.range.to, bytes: size, complete: true };
    }
    // The last element of a whole export has no comma: it is written again, as is a line that was cut.
    const kept = await lastLine(from, ",\n", size);
    const headEnd = first?.end ?? 0;
    return kept === null || kept.end <= headEnd
      ? { order, after: 0, bytes: headEnd, complete: false }
      : { order, after: known(lastRowOf(kept.line)), bytes: kept.end, complete: false };
  }

  async function begunLines(from: FileHandle, lines: Exclude<ExportFormat, "json">): Promise<Begun> {
    const { lineEnd, open: openLines, read } = LINE_FORMATS[lines];
    const probe = openLines(PROBE).length;
    const head = (await headLines(from, lineEnd, probe)).at(probe - 1);
    const begin = known(head === undefined ? null : read(head.line));
    const order = orderFrom(format, orderIn(begin));
    const { size } = await from.stat();
    const last = known(await lastLine(from, lineEnd, size));
    const meaning = known(read(last.line));
    if (meaning === "end") {
      return { order, after: order.range.to, bytes: last.end, complete: last.end === size };
    }
    return { order, after: "seq" in meaning ? meaning.seq : 0, bytes: last.end, complete: false };
  }
}

const PROBE: ExportOrder = { format: "csv", record: "", generatedAt: "", search: {}, range: { from: 1, to: 0 } };

function orderIn(line: ReadLine): unknown {
  return line !== "end" && "order" in line ? line.order : null;
}

function orderFrom(format: ExportFormat, value: unknown): ExportOrder {
  const { filter, from, to, ...rest } = StoredOrder.parse(value);
  return { ...rest, format, search: filter, range: { from, to } };
}

function known<Value>(value: Value | null): Value {
  if (value === null) {
    throw new Error("a line that no export holds");
  }
  return value;
}

const notBegun = (file: string, format: ExportFormat, cause: unknown): AppError =>
  new AppError(
    "INVALID_INPUT",
    `${file} is no beginning of an export as ${format}, so it cannot be continued. Give its format, or begin anew in another file.`,
    { cause },
  );

interface Line {
  /** Without its end. */
  line: string;
  /** Offset behind its end. */
  end: number;
}

/** The first lines, as many as are complete. */
async function headLines(handle: FileHandle, lineEnd: string, count: number): Promise<Line[]> {
  const head = Buffer.alloc(HEAD_BYTES);
  const { bytesRead } = await handle.read(head, 0, HEAD_BYTES, 0);
  const lines: Line[] = [];
  for (let start = 0; lines.length < count;) {
    const end = head.subarray(0, bytesRead).indexOf(lineEnd, start);
    if (end < 0) {
      break;
    }
    lines.push({ line: head.toString("utf8", start, end), end: end + lineEnd.length });
    start = end + lineEnd.length;
  }
  return lines;
}

/** The last line before `limit` that ends with `lineEnd`, or null. */
async function lastLine(handle: FileHandle, lineEnd: string, limit: number): Promise<Line | null> {
  const end = await lastPlace(handle, lineEnd, limit);
  if (end < 0) {
    return null;
  }
  const start = (await lastPlace(handle, "\n", end)) + 1;
  const line = Buffer.alloc(end - start);
  await handle.read(line, 0, line.length, start);
  return { line: line.toString("utf8"), end: end + lineEnd.length };
}

/** Offset of the last `wanted` that ends at `limit` or before; −1 when there is none. */
async function lastPlace(handle: FileHandle, wanted: string, limit: number): Promise<number> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  // Chunks overlap, so that none of several bytes falls between two of them.
  for (let end = limit; end >= wanted.length; end -= CHUNK_BYTES - wanted.length + 1) {
    const start = Math.max(0, end - CHUNK_BYTES);
    const { bytesRead } = await handle.read(chunk, 0, end - start, start);
    const found = chunk.subarray(0, bytesRead).lastIndexOf(wanted);
    if (found >= 0) {
      return start + found;
    }
  }
  return -1;
}
