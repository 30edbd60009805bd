/** Rows of `timestamp,value` files, line by line. Pure; errors name the line and the field. */
import { AppError } from "#server/core/errors.ts";

export interface CsvRow {
  /** As written. */
  timestamp: string;
  /** Milliseconds since 1970. */
  at: number;
  /** As written. */
  text: string;
  value: number;
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
/** ISO 8601 or the same with a blank; without a zone it is UTC. */
const MOMENT = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s?(Z|[+-]\d{2}:?\d{2})?)?$/i;
/** No line of such a file is longer. */
export const MAX_LINE = 10_000;
const SHOWN = 40;

/**
 * Reads lines in order. The first may be a header: then columns are found by the names `timestamp` and `value`, in any order and among others;
 * without one the first two columns are meant.
 *
 * @returns undefined for the header and for blank lines
 * @throws AppError("INVALID_INPUT") naming line and field
 */
export function createRowReader(): (line: string) => CsvRow | undefined {
  let number = 0;
  let columns: { timestamp: number; value: number } | undefined;
  return (raw) => {
    number += 1;
    const line = number === 1 ? raw.replace(/^\uFEFF/, "") : raw;
    if (line.length > MAX_LINE) throw wrong(number, "line", `is longer than ${MAX_LINE} characters`);
    if (line.trim() === "") return undefined;
    const fields = line.split(",").map(bare);
    if (columns === undefined) {
      const header = headerOf(fields, number);
      columns = header ?? { timestamp: 0, value: 1 };
      if (header) return undefined;
    }
    return rowOf(fields, columns, number);
  };
}

/** Where the columns are, when the first line is a header. */
function headerOf(fields: readonly string[], line: number): { timestamp: number; value: number } | undefined {
  const names = fields.map((field) => field.toLowerCase());
  const [timestamp, value] = [names.indexOf("timestamp"), names.indexOf("value")];
  if (timestamp >= 0 && value >= 0) return { timestamp, value };
  if (timestamp >= 0 || value >= 0 || !/\d/.test(fields.join(""))) {
    throw wrong(line, timestamp < 0 ? "timestamp" : "value", `is missing in the header "${shown(fields.join(","))}"`);
  }
  return undefined;
}

function rowOf(fields: readonly string[], columns: { timestamp: number; value: number }, line: number): CsvRow {
  const [timestamp, text] = [fields[columns.timestamp], fields[columns.value]];
  if (timestamp === undefined || timestamp === "") throw wrong(line, "timestamp", "is missing");
  if (text === undefined || text === "") throw wrong(line, "value", "is missing");
  const at = momentOf(timestamp);
  if (at === undefined) {
    throw wrong(
      line,
      "timestamp",
      `"${shown(timestamp)}" is no moment such as 2026-03-01 12:30:00 or 2026-03-01T12:30:00Z`,
    );
  }
  const value = NUMBER.test(text) ? Number(text) : NaN;
  if (!Number.isFinite(value)) throw wrong(line, "value", `"${shown(text)}" is no finite number`);
  return { timestamp, at, text, value };
}

/** Milliseconds since 1970; undefined for what is no moment, such as the 30th of February. */
function momentOf(text: string): number | undefined {
  const found = MOMENT.exec(text);
  if (!found) return undefined;
  const [, day = "", minute = "00:00", second = "00", fraction = "", zone = "Z"] = found;
  const offset = /^[+-]\d{4}$/.test(zone) ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone.toUpperCase();
  const at = Date.parse(`${day}T${minute}:${second}.${fraction.slice(0, 3).padEnd(3, "0")}${offset}`);
  // JavaScript takes the 30th of February for the 1st of March.
  return Number.isNaN(at) || new Date(`${day}T00:00:00Z`).toISOString().slice(0, 10) !== day ? undefined : at;
}

function bare(field: string): string {
  const text = field.trim();
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1).trim() : text;
}

function wrong(line: number, field: string, reason: string): AppError {
  return new AppError("INVALID_INPUT", `line ${line}, ${field}: ${reason}.`);
}

/** Control characters would reach the terminal. */
const shown = (text: string): string => text.slice(0, SHOWN).replace(/[^\x20-\x7e]/g, "?");
