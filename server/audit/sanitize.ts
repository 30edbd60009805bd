/**
 * Makes any value safe to store, hash and print.
 * Threat: headers, user names and error texts come from strangers. Unescaped they forge log lines, drive a terminal, reorder what a reader
 * sees, or make the database refuse the row, which would turn the record off. Nothing here throws, whatever it is given.
 */
import type { AuditData, AuditValue } from "#server/audit/schema.ts";

/** UTF-16 units a stored string may have. */
const MAX_STRING = 512;
const MAX_KEY = 64;
/** Levels of nesting below the data object itself. */
const MAX_DEPTH = 4;
/** Values in one event's data, nests included, and UTF-16 units in all of their strings. */
const MAX_VALUES = 128;
const MAX_UNITS = 8_192;
const LEFT_OUT = "[more left out]";

// C0 and C1 controls, line and paragraph separators, bidirectional controls, zero-width characters and the byte order mark.
const HIDDEN = "\\u0000-\\u001f\\u007f-\\u009f\\u061c\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff";
const NEEDS_WORK = new RegExp(`[${HIDDEN}\\ud800-\\udfff]`);
const HIDDEN_ALL = new RegExp(`[${HIDDEN}]`, "g");

const escapeUnit = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** `text` with invisible characters written as `\uXXXX`, lone surrogates replaced, and at most `limit` units long (`…` marks a cut). */
export function sanitizeText(text: string, limit: number = MAX_STRING): string {
  if (text.length <= limit && !NEEDS_WORK.test(text)) {
    return text;
  }
  // Cutting before the costly steps keeps a megabyte header cheap.
  const visible = text
    .slice(0, limit + 1)
    .toWellFormed()
    .replace(HIDDEN_ALL, escapeUnit);
  return visible.length <= limit ? visible : `${withoutHalfPair(visible.slice(0, limit - 1))}…`;
}

function withoutHalfPair(text: string): string {
  return text.isWellFormed() ? text : text.slice(0, -1);
}

/** What may still be stored of one event's data. */
interface Budget {
  values: number;
  units: number;
}

/** Event data as a plain object of integers, strings, booleans, null and bounded nests of them. Anything else becomes a string. */
export function sanitizeData(data: unknown): AuditData {
  if (data === undefined || data === null) {
    return {};
  }
  const clean = sanitizeValue(data, MAX_DEPTH, { values: MAX_VALUES, units: MAX_UNITS });
  return typeof clean === "object" && clean !== null && !Array.isArray(clean) ? clean : { value: clean };
}

function sanitizeValue(value: unknown, depth: number, budget: Budget): AuditValue {
  budget.values -= 1;
  switch (typeof value) {
    case "string":
      return spend(sanitizeText(value), budget);
    case "boolean":
      return value;
    case "number":
      return sanitizeNumber(value);
    case "bigint":
      return BigInt.asIntN(53, value) === value ? Number(value) : sanitizeText(value.toString());
    case "undefined":
      return null;
    case "function":
    case "symbol":
      return `[${typeof value}]`;
    case "object":
      return value === null ? null : sanitizeObject(value, depth, budget);
  }
}

function spend(text: string, budget: Budget): string {
  budget.units -= text.length;
  return budget.units < 0 ? LEFT_OUT : text;
}

/** Fractions become text: the chain hashes integers only, because two programs may print one fraction in two ways. */
function sanitizeNumber(value: number): AuditValue {
  return Number.isSafeInteger(value) ? value + 0 : String(value);
}

function sanitizeObject(value: object, depth: number, budget: Budget): AuditValue {
  try {
    if (value instanceof Date) {
      return Number.isNaN(value.getTime()) ? "[invalid date]" : value.toISOString();
    }
    if (value instanceof Error) {
      return spend(sanitizeText(String(value.message)), budget);
    }
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
      return `[binary, ${value.byteLength} bytes]`;
    }
    if (depth === 0) {
      return "[too deep]";
    }
    return Array.isArray(value) ? sanitizeArray(value, depth, budget) : sanitizeRecord(value, depth, budget);
  } catch {
    return "[unreadable]";
  }
}

function sanitizeArray(list: readonly unknown[], depth: number, budget: Budget): AuditValue[] {
  const clean: AuditValue[] = [];
  for (let index = 0; index < list.length; index += 1) {
    if (budget.values <= 0) {
      clean.push(LEFT_OUT);
      break;
    }
    clean.push(sanitizeValue(list[index], depth - 1, budget));
  }
  return clean;
}

function sanitizeRecord(record: object, depth: number, budget: Budget): AuditData {
  const clean: AuditData = {};
  for (const key in record) {
    if (!Object.hasOwn(record, key)) {
      continue;
    }
    if (budget.values <= 0) {
      clean[LEFT_OUT] = true;
      break;
    }
    const value = (record as Record<string, unknown>)[key];
    if (value !== undefined) {
      clean[safeKey(key)] = sanitizeValue(value, depth - 1, budget);
    }
  }
  return clean;
}

function safeKey(key: string): string {
  return key === "__proto__" ? "[__proto__]" : sanitizeText(key, MAX_KEY);
}
