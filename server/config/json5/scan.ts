/**
 * Splits JSON5 text into tokens that know their place. Never throws: what it cannot read becomes a token without a value and a problem,
 * so that one mistake does not hide the next.
 */
export type Scalar = string | number | boolean | null;

export interface SyntaxProblem {
  /** Offset in the text. */
  offset: number;
  reason: string;
  fix: string;
}

export type Token =
  | { kind: "punctuation"; text: string; start: number; end: number }
  | { kind: "string" | "word" | "number"; value: Scalar; start: number; end: number }
  /** A bare word such as `gateway`: a key, or a mistake where a value belongs. */
  | { kind: "name"; name: string; start: number; end: number }
  | { kind: "invalid"; start: number; end: number };

const SPACE = /[\s\u{feff}]+/uy;
const COMMENT = /\/\/[^\n\r\u2028\u2029]*|\/\*[^]*?\*\//y;
const NAME = /(?:[$_\p{ID_Start}]|\\u[0-9a-fA-F]{4})(?:[$\u200c\u200d\p{ID_Continue}]|\\u[0-9a-fA-F]{4})*/uy;
const NUMBER =
  /[+-]?(?:Infinity|NaN|0[xX][0-9a-fA-F]+|(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)(?![$\w\\])/uy;
const JUNK = /[^\s,:{}[\]"'/]+|\//uy;
const WORDS: Readonly<Record<string, Scalar>> = { true: true, false: false, null: null, Infinity: Infinity, NaN: NaN };
const LINE_END = /[\n\r]/;

export function scan(text: string): { tokens: Token[]; problems: SyntaxProblem[] } {
  const tokens: Token[] = [];
  const problems: SyntaxProblem[] = [];
  let offset = 0;

  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = offset;
    const found = pattern.exec(text)?.[0];
    offset += found?.length ?? 0;
    return found;
  };

  while (offset < text.length) {
    if (take(SPACE) !== undefined || take(COMMENT) !== undefined) {
      continue;
    }
    const start = offset;
    const first = text.charAt(offset);
    if (text.startsWith("/*", offset)) {
      problems.push({ offset, reason: "a comment that begins with /* never ends", fix: "Close it with */." });
      break;
    }
    if ("{}[]:,".includes(first)) {
      offset += 1;
      tokens.push({ kind: "punctuation", text: first, start, end: offset });
    } else if (first === '"' || first === "'") {
      const { value, end, problem } = scanString(text, start);
      offset = end;
      if (problem !== undefined) {
        problems.push(problem);
      }
      tokens.push({ kind: "string", value, start, end });
    } else {
      const number = take(NUMBER);
      const name = number === undefined ? take(NAME) : undefined;
      const word = name ?? number ?? "";
      if (Object.hasOwn(WORDS, word)) {
        tokens.push({ kind: "word", value: WORDS[word] ?? null, start, end: offset });
      } else if (number !== undefined) {
        tokens.push({ kind: "number", value: numberValue(number), start, end: offset });
      } else if (name !== undefined && isName(unescapeName(name))) {
        tokens.push({ kind: "name", name: unescapeName(name), start, end: offset });
      } else {
        take(JUNK);
        offset = Math.max(offset, start + 1);
        problems.push({ offset: start, reason: "this is not JSON5", fix: "Put text in quotes, or remove it." });
        tokens.push({ kind: "invalid", start, end: offset });
      }
    }
  }
  return { tokens, problems };
}

function unescapeName(written: string): string {
  return written.replace(/\\u([0-9a-fA-F]{4})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function isName(text: string): boolean {
  NAME.lastIndex = 0;
  return NAME.exec(text)?.[0] === text;
}

function numberValue(written: string): number {
  const negative = written.startsWith("-");
  const digits = written.replace(/^[+-]/, "");
  const value = digits === "Infinity" ? Infinity : Number(digits);
  return negative ? -value : value;
}

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

function scanString(text: string, start: number): { value: string; end: number; problem?: SyntaxProblem } {
  const quote = text.charAt(start);
  let value = "";
  let offset = start + 1;
  let problem: SyntaxProblem | undefined;
  while (offset < text.length) {
    const character = text.charAt(offset);
    if (character === quote) {
      return { value, end: offset + 1, ...(problem && { problem }) };
    }
    if (LINE_END.test(character)) {
      break;
    }
    if (character !== "\\") {
      value += character;
      offset += 1;
      continue;
    }
    const escape = scanEscape(text, offset + 1);
    if (escape === undefined) {
      problem ??= {
        offset,
        reason: "the text holds an escape that JSON5 does not know",
        fix: "Write a backslash as \\\\.",
      };
      offset += 2;
      continue;
    }
    value += escape.value;
    offset = escape.end;
  }
  return {
    value,
    end: Math.min(offset, text.length),
    problem: { offset: start, reason: "a text is never closed", fix: `Close it with ${quote} on the same line.` },
  };
}

/** @param offset behind the backslash. */
function scanEscape(text: string, offset: number): { value: string; end: number } | undefined {
  const letter = text.charAt(offset);
  if (letter === "x" || letter === "u") {
    const length = letter === "x" ? 2 : 4;
    const hex = text.slice(offset + 1, offset + 1 + length);
    return hex.length === length && /^[0-9a-fA-F]+$/.test(hex)
      ? { value: String.fromCharCode(Number.parseInt(hex, 16)), end: offset + 1 + length }
      : undefined;
  }
  if (text.startsWith("\r\n", offset)) {
    return { value: "", end: offset + 2 };
  }
  if (/[\n\r\u2028\u2029]/.test(letter)) {
    return { value: "", end: offset + 1 };
  }
  if (/\d/.test(letter)) {
    return letter === "0" && !/\d/.test(text.charAt(offset + 1)) ? { value: "\0", end: offset + 1 } : undefined;
  }
  return { value: SIMPLE_ESCAPES[letter] ?? letter, end: offset + 1 };
}
