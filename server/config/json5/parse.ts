/**
 * JSON5 text → tree whose nodes know their place. Goes on behind a mistake, so that a person sees all of them at once.
 * Threat: hostile nesting, duplicate keys and `__proto__` must neither crash, pollute nor be read in two ways.
 */
import { scan, type Scalar, type SyntaxProblem, type Token } from "#server/config/json5/scan.ts";

interface Place {
  start: number;
  end: number;
}

export interface Member {
  key: string;
  keyStart: number;
  value: Node;
}

export interface ObjectNode extends Place {
  kind: "object";
  members: Member[];
}

export interface ArrayNode extends Place {
  kind: "array";
  items: Node[];
}

export type Node = ObjectNode | ArrayNode | (Place & { kind: "scalar"; value: Scalar }) | (Place & { kind: "invalid" });

export interface Parsed {
  root: Node | undefined;
  problems: SyntaxProblem[];
}

const MAX_DEPTH = 32;
/** More would only be the echo of the first ones. */
const MAX_PROBLEMS = 50;

export function parseJson5(text: string): Parsed {
  const { tokens, problems } = scan(text);
  const report = (offset: number, reason: string, fix: string): void => void problems.push({ offset, reason, fix });
  let index = 0;

  const peek = (): Token | undefined => tokens[index];
  const at = (mark: string): boolean => {
    const token = peek();
    return token?.kind === "punctuation" && token.text === mark;
  };
  const endOfLast = (): number => tokens[index - 1]?.end ?? 0;

  function value(depth: number): Node {
    const token = peek();
    if (token === undefined) {
      report(text.length, "the file ends where a value is expected", "Add the value.");
      return { kind: "invalid", start: text.length, end: text.length };
    }
    if (at("{") || at("[")) {
      if (depth >= MAX_DEPTH) {
        report(token.start, `is nested deeper than ${MAX_DEPTH} levels`, "Flatten it.");
        skipNested();
        return { kind: "invalid", start: token.start, end: endOfLast() };
      }
      return at("{") ? object(depth) : array(depth);
    }
    if (token.kind === "punctuation") {
      report(token.start, `"${token.text}" stands where a value is expected`, "Add the value.");
      return { kind: "invalid", start: token.start, end: token.start };
    }
    index += 1;
    if (token.kind === "name") {
      report(token.start, "text must be in quotes", "Put it in double quotes.");
      return { kind: "invalid", start: token.start, end: token.end };
    }
    return token.kind === "invalid"
      ? { kind: "invalid", start: token.start, end: token.end }
      : { kind: "scalar", value: token.value, start: token.start, end: token.end };
  }

  function object(depth: number): ObjectNode {
    const start = peek()?.start ?? 0;
    const members: Member[] = [];
    eachUntil("}", start, () => {
      const token = peek();
      const key = token === undefined ? undefined : keyOf(token, text);
      if (token === undefined || key === undefined) {
        report(
          token?.start ?? text.length,
          "a key is expected here",
          "Write entries as `key: value` with commas between.",
        );
        index += 1;
        return;
      }
      index += 1;
      if (!at(":")) {
        report(
          endOfLast(),
          `a colon is missing after the key "${key}"`,
          "Write entries as `key: value` with commas between.",
        );
        if (at(",") || at("}")) {
          return;
        }
      } else {
        index += 1;
      }
      members.push({ key, keyStart: token.start, value: value(depth + 1) });
    });
    return { kind: "object", members, start, end: endOfLast() };
  }

  function array(depth: number): ArrayNode {
    const start = peek()?.start ?? 0;
    const items: Node[] = [];
    eachUntil("]", start, () => void items.push(value(depth + 1)));
    return { kind: "array", items, start, end: endOfLast() };
  }

  /** Runs `element` for each element of a bracketed list, checks the commas, and always moves on. */
  function eachUntil(close: "}" | "]", start: number, element: () => void): void {
    index += 1;
    while (!at(close)) {
      if (peek() === undefined) {
        report(start, `this "${close === "}" ? "{" : "["}" is never closed`, `Add the missing "${close}".`);
        return;
      }
      if (at(close === "}" ? "]" : "}")) {
        report(peek()?.start ?? start, `"${close}" is expected here`, "Close what was opened, or remove the bracket.");
        return;
      }
      const before = index;
      element();
      if (at(",")) {
        index += 1;
      } else if (!at(close) && peek() !== undefined && !at("}") && !at("]")) {
        report(endOfLast(), "a comma is missing", "Add a comma before the next entry.");
      }
      if (index === before) {
        index += 1;
      }
    }
    index += 1;
  }

  function skipNested(): void {
    let open = 0;
    do {
      open += at("{") || at("[") ? 1 : at("}") || at("]") ? -1 : 0;
      index += 1;
    } while (open > 0 && index < tokens.length);
  }

  const root = tokens.length === 0 ? undefined : value(0);
  const rest = peek();
  if (root === undefined) {
    report(0, "the file is empty", "Write at least { }.");
  } else if (rest !== undefined && problems.length === 0) {
    report(
      rest.start,
      "something stands behind the end of the configuration",
      "Remove it, or move it inside the braces.",
    );
  }
  problems.sort((a, b) => a.offset - b.offset);
  return { root, problems: problems.slice(0, MAX_PROBLEMS) };
}

/** The key a token can be, or undefined. JSON5 keys may be any name, reserved words included. */
function keyOf(token: Token, text: string): string | undefined {
  switch (token.kind) {
    case "name":
      return token.name;
    case "string":
      return String(token.value);
    case "word":
      return text.slice(token.start, token.end);
    case "number":
    case "punctuation":
    case "invalid":
      return undefined;
  }
}
