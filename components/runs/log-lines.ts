/** The lines of a run's output, put together from the pieces in which it came. Pure. */
import { plainText } from "#components/shared/plain-text.ts";

export type OutputStream = "stdout" | "stderr";

export interface LogLine {
  /** Counts from 1 over both streams. */
  number: number;
  stream: OutputStream;
  text: string;
}

export interface Log {
  /** The newest `MAX_LINES`, oldest first. */
  lines: readonly LogLine[];
  /** Lines before those. */
  dropped: number;
}

export const MAX_LINES = 100_000;
/** Dropped in blocks, so that a long log is not copied for each new line. */
const DROP_LINES = 10_000;

/** Collects output. A line that was not ended yet goes on when the next piece of its stream comes. */
export class LogLines {
  #lines: LogLine[] = [];
  #dropped = 0;
  /** Index of the line of each stream that is still open. */
  readonly #open: Record<OutputStream, LogLine | null> = { stdout: null, stderr: null };
  /** A carriage return at the end of a piece may be the first half of a line end. */
  readonly #afterReturn: Record<OutputStream, boolean> = { stdout: false, stderr: false };

  append(stream: OutputStream, piece: string): void {
    const text = this.#afterReturn[stream] && piece.startsWith("\n") ? piece.slice(1) : piece;
    if (piece !== "") {
      this.#afterReturn[stream] = piece.endsWith("\r");
    }
    if (text === "") {
      return;
    }
    // A lone carriage return ends a line too: what it would overwrite stays to be read.
    const parts = text.split(/\r\n|\n|\r/);
    const ended = parts.length - 1;
    parts.forEach((part, index) => {
      if (index < ended || part !== "") {
        this.#add(stream, part);
      }
      if (index < ended) {
        this.#open[stream] = null;
      }
    });
    if (this.#lines.length > MAX_LINES) {
      const count = Math.min(this.#lines.length, this.#lines.length - MAX_LINES + DROP_LINES);
      this.#lines = this.#lines.slice(count);
      this.#dropped += count;
    }
  }

  read(): Log {
    return { lines: this.#lines, dropped: this.#dropped };
  }

  #add(stream: OutputStream, part: string): void {
    const open = this.#open[stream];
    if (open !== null) {
      open.text += plainText(part);
      return;
    }
    const line = { number: this.#dropped + this.#lines.length + 1, stream, text: plainText(part) };
    this.#lines.push(line);
    this.#open[stream] = line;
  }
}

/** Positions of the lines that hold `wanted`, whatever the case; none for an empty one. */
export function findLines(lines: readonly LogLine[], wanted: string): number[] {
  const lower = wanted.toLowerCase();
  return lower === "" ? [] : lines.flatMap(({ text }, index) => (text.toLowerCase().includes(lower) ? [index] : []));
}

/** `text` in turns: outside a match, inside a match, outside … Matching is by lower case of the same length, so nothing shifts. */
export function splitByMatch(text: string, wanted: string): string[] {
  const [haystack, needle] = [text.toLowerCase(), wanted.toLowerCase()];
  if (needle === "" || haystack.length !== text.length) {
    return [text];
  }
  const parts: string[] = [];
  let from = 0;
  for (let at = haystack.indexOf(needle); at !== -1; at = haystack.indexOf(needle, from)) {
    parts.push(text.slice(from, at), text.slice(at, at + needle.length));
    from = at + needle.length;
  }
  return [...parts, text.slice(from)];
}

/** The log as a file: errors marked, since a file has no colour. */
export const logText = ({ lines, dropped }: Log): string =>
  [
    ...(dropped === 0 ? [] : [`[the first ${dropped} lines are not shown by the console]`]),
    ...lines.map(({ stream, text }) => (stream === "stderr" ? `[stderr] ${text}` : text)),
    "",
  ].join("\n");
