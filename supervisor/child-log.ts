/**
 * What of a process's output is kept and what reaches the terminal: everything without secrets, and of that errors and crash traces, cut short
 * when they come in floods. A crash trace is written by the runtime, which knows nothing of secrets.
 */
import { redactText } from "#server/core/redact.ts";

export interface LineCleaner {
  /** What may be kept of `chunk` and what was left before: complete lines, so that a secret in two pieces is seen whole. */
  take(chunk: string): string;
  /** What is left when nothing more comes. */
  end(): string;
}

export function createLineCleaner(): LineCleaner {
  let rest = "";
  return {
    take(chunk) {
      const text = rest + chunk;
      const end = text.length > MAX_REST_CHARACTERS ? text.length : text.lastIndexOf("\n") + 1;
      rest = text.slice(end);
      return redactText(text.slice(0, end));
    },
    end() {
      const last = redactText(rest);
      rest = "";
      return last;
    },
  };
}

export interface LineFilter {
  /** Complete lines of `chunk` (and of what was left before) that a person should see. */
  take(chunk: string): string[];
}

/** pino's level of an error. */
const ERROR_LEVEL = 50;
const MAX_LINES = 20;
const WINDOW_MS = 10_000;
const MAX_LINE_CHARACTERS = 400;
const MAX_REST_CHARACTERS = 64_000;

export interface LineFilterOptions {
  /** Everything instead of errors only. */
  verbose: boolean;
  /** Lines that are not JSON are shown (standard error: crash traces). */
  showPlain: boolean;
  now: () => number;
}

export function createLineFilter({ verbose, showPlain, now }: LineFilterOptions): LineFilter {
  let rest = "";
  let windowStart = 0;
  let shown = 0;
  return {
    take(chunk) {
      const lines = (rest + chunk).split("\n");
      rest = (lines.pop() ?? "").slice(-MAX_REST_CHARACTERS);
      const wanted = lines.flatMap((line) => readable(line, verbose, showPlain) ?? []);
      return wanted.filter(() => {
        if (now() - windowStart > WINDOW_MS) {
          windowStart = now();
          shown = 0;
        }
        shown += 1;
        return verbose || shown <= MAX_LINES;
      });
    },
  };
}

function readable(line: string, verbose: boolean, showPlain: boolean): string | null {
  if (line.trim() === "") {
    return null;
  }
  const entry = parseEntry(line);
  if (entry === null) {
    return showPlain || verbose ? printable(line) : null;
  }
  return verbose || entry.level >= ERROR_LEVEL ? printable(entry.text) : null;
}

function parseEntry(line: string): { level: number; text: string } | null {
  if (!line.startsWith("{")) {
    return null;
  }
  try {
    const entry = JSON.parse(line) as { level?: unknown; msg?: unknown; err?: { message?: unknown } };
    const cause = typeof entry.err?.message === "string" ? `: ${entry.err.message}` : "";
    const message = typeof entry.msg === "string" ? entry.msg : "";
    return typeof entry.level === "number" ? { level: entry.level, text: message + cause } : null;
  } catch {
    return null;
  }
}

/** Log text may come from a stranger: control characters must not drive the terminal. */
function printable(text: string): string {
  return redactText(text)
    .replace(/\p{Cc}/gu, " ")
    .slice(0, MAX_LINE_CHARACTERS);
}
