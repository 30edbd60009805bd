/**
 * The text of a search, `outcome:denied user:"ana b"`, as terms and back. Pure, browser-safe, never throws: what a person types is half-done
 * most of the time, so what is wrong is told with its place and with what could stand there instead.
 */

/** Longest text that is read; the address bar and the record hold no more. */
export const MAX_QUERY_LENGTH = 1_000;
/** As for the API. */
const MAX_VALUE_LENGTH = 200;

/** Every qualifier, with a word on what it finds: the order is that of suggestions. */
export const QUALIFIERS = {
  event: "Name of an event or its beginning: event:token.*",
  outcome: "ok, denied or failed",
  user: "End user on whose account it went",
  actor: "Who acted: an id, or a type such as token or member",
  severity: "info, warn, error or critical, and what is graver",
  channel: "Where the message came from",
  reason: "Reason code of a decision",
  kind: "Kind of event, such as authorization_denied",
  since: "How far back: 15m, 1h, 7d",
  created: "Time: >2026-11-01 or 2026-11-01..2026-11-03",
  run: "Id of a run",
  token: "Id of a token",
  address: "Address of the caller",
  target: "What was acted on",
  request: "Id of a request",
  correlation: "What belongs to one request, in all processes",
} as const;

export type Qualifier = keyof typeof QUALIFIERS;

export interface Term {
  qualifier: Qualifier;
  value: string;
}

export interface Placed {
  /** Offsets in the text; `end` is behind the last character. */
  start: number;
  end: number;
}

export interface Problem extends Placed {
  message: string;
  /** Texts that could stand there instead. */
  instead: string[];
}

export interface ParsedQuery {
  terms: (Term & Placed)[];
  problems: Problem[];
}

export const isQualifier = (name: string): name is Qualifier => Object.hasOwn(QUALIFIERS, name);

/** Other names for the same, as people know them from elsewhere. */
const ALIASES: Readonly<Record<string, Qualifier>> = {
  level: "severity",
  ip: "address",
  time: "created",
  last: "since",
};

export function parseTerms(text: string): ParsedQuery {
  const parsed: ParsedQuery = { terms: [], problems: [] };
  if (text.length > MAX_QUERY_LENGTH) {
    const message = `The search is longer than ${MAX_QUERY_LENGTH} characters. Leave something out.`;
    parsed.problems.push({ message, instead: [], start: 0, end: text.length });
    return parsed;
  }
  for (const word of wordsOf(text)) {
    readWord(word, parsed);
  }
  return parsed;
}

/** The shortest text that `parseTerms` reads back as these terms. */
export const formatTerms = (terms: readonly Term[]): string => terms.map(formatTerm).join(" ");

export const formatTerm = ({ qualifier, value }: Term): string => `${qualifier}:${quoted(value)}`;

const quoted = (value: string): string =>
  value === "" || value.startsWith('"') || /\s/.test(value) ? `"${value.replace(/["\\]/g, "\\$&")}"` : value;

interface Word extends Placed {
  /** Before the colon; null when there is none. */
  name: string | null;
  value: string;
  /** A quote that was opened and not closed. */
  open: boolean;
}

const WORD = /\S/;
const NAME = /^(-?[A-Za-z]+):/;

export function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  for (let start = nextWord(text, 0); start < text.length;) {
    const name = NAME.exec(text.slice(start))?.[1] ?? null;
    const from = start + (name === null ? 0 : name.length + 1);
    const { value, end, open } = text[from] === '"' ? readQuoted(text, from) : readBare(text, from);
    words.push({ name, value, open, start, end });
    start = nextWord(text, end);
  }
  return words;
}

function nextWord(text: string, from: number): number {
  const offset = text.slice(from).search(WORD);
  return offset < 0 ? text.length : from + offset;
}

function readBare(text: string, from: number): { value: string; end: number; open: boolean } {
  const length = text.slice(from).search(/\s/);
  const end = length < 0 ? text.length : from + length;
  return { value: text.slice(from, end), end, open: false };
}

function readQuoted(text: string, from: number): { value: string; end: number; open: boolean } {
  let value = "";
  for (let at = from + 1; at < text.length; at += 1) {
    if (text[at] === '"') {
      return { value, end: at + 1, open: false };
    }
    at += text[at] === "\\" && at + 1 < text.length ? 1 : 0;
    value += text[at];
  }
  return { value, end: text.length, open: true };
}

function readWord(word: Word, { terms, problems }: ParsedQuery): void {
  const { name, value, open, start, end } = word;
  const report = (message: string, instead: string[] = []): void =>
    void problems.push({ message, instead, start, end });
  if (name === null) {
    report(`“${value}” has no qualifier. Say what it is:`, guesses(value));
    return;
  }
  if (name.startsWith("-")) {
    report(`“${name}:” cannot be left out of a search. Ask for what you want to see instead.`);
    return;
  }
  const lower = name.toLowerCase();
  const qualifier = ALIASES[lower] ?? lower;
  if (!isQualifier(qualifier)) {
    const near = nearest(lower, Object.keys(QUALIFIERS));
    report(
      `There is no qualifier “${name}:”.`,
      near.map((other) => `${other}:${quoted(value)}`),
    );
  } else if (open) {
    report(`The quote after “${name}:” is not closed.`, [formatTerm({ qualifier, value })]);
  } else if (value.trim() === "") {
    report(`“${name}:” needs a value. ${QUALIFIERS[qualifier]}.`);
  } else if (value.length > MAX_VALUE_LENGTH || value.includes("\0")) {
    report(`The value of “${name}:” is longer than ${MAX_VALUE_LENGTH} characters or holds a NUL.`);
  } else {
    terms.push({ qualifier, value, start, end });
  }
}

const SHAPES: readonly (readonly [RegExp, Qualifier])[] = [
  [/^req_/, "request"],
  [/^run_/, "run"],
  [/^(ok|denied|failed)$/, "outcome"],
  [/^(info|warn|error|critical)$/, "severity"],
  [/^\d+(\.\d+){3}$|^[0-9a-f]*:[0-9a-f:.]+$/i, "address"],
  [/^\d+[smhdw]$/, "since"],
  [/^[a-z]+\.[a-z_.]*\*?$/, "event"],
];

/** What somebody can have meant who typed only a value. */
function guesses(value: string): string[] {
  const shape = SHAPES.find(([pattern]) => pattern.test(value));
  const names: readonly Qualifier[] = shape === undefined ? ["user", "actor", "target"] : [shape[1]];
  return names.map((qualifier) => formatTerm({ qualifier, value }));
}

const NEAR = 3;
const MAX_EDITS = 2;

/** The names that are a few letters away from `wanted` or begin like it, nearest first. */
export function nearest(wanted: string, names: readonly string[]): string[] {
  return names
    .map((name) => ({ name, edits: name.startsWith(wanted) || wanted.startsWith(name) ? 0 : edits(wanted, name) }))
    .filter((one) => one.edits <= MAX_EDITS)
    .sort((a, b) => a.edits - b.edits)
    .slice(0, NEAR)
    .map(({ name }) => name);
}

/** How many letters have to be changed, added or removed. */
function edits(from: string, to: string): number {
  if (Math.abs(from.length - to.length) > MAX_EDITS) {
    return MAX_EDITS + 1;
  }
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...from].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...to].entries()) {
      const change = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(change, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
