/**
 * The file as it may be shown: plain secrets masked, everything else byte for byte, and back again. Pure.
 * Threat: whoever may look at the configuration learns a secret, or moves a mask to a key that is shown and reads the value there. A mask
 * therefore stands for the secret of its own key path only.
 */
import { redactText } from "#server/core/redact.ts";
import { entryAt } from "#server/config/catalogue.ts";
import { isReference } from "#server/config/encryption.ts";
import { parseJson5, type Node } from "#server/config/json5/parse.ts";
import { positionAt } from "#server/config/json5/position.ts";
import { scan } from "#server/config/json5/scan.ts";
import type { Path } from "#server/config/json5/value.ts";
import { formatPath } from "#server/config/path.ts";
import type { Problem } from "#server/config/problems.ts";
import { isSealed } from "#server/config/sealed-form.ts";

/** Stands in the place of a plain secret. */
export const SECRET_MASK = "********";
const CHANGED_MASK = `${SECRET_MASK} (new value)`;

interface TextValue {
  path: string;
  value: string;
  start: number;
  end: number;
  hidden: boolean;
}

/**
 * @param before shown beside it: a secret that differs from the one there is marked as new, since masks alone would look the same.
 * @throws never; a text that is no JSON5 cannot be masked and must not be shown.
 */
export function maskText(text: string, before?: string): string {
  const known = before === undefined ? undefined : hiddenSources(before);
  const values = textValues(text)
    .filter(({ hidden }) => hidden)
    .map(({ path, start, end }) => {
      const isNew = known !== undefined && known.get(path)?.includes(text.slice(start, end)) !== true;
      return { start, end, by: JSON.stringify(isNew ? CHANGED_MASK : SECRET_MASK) };
    });
  const comments = hiddenComments(text).map(({ start, end, source }, index) => ({
    start,
    end,
    by: commentMask(source, index),
  }));
  return replaceAll(text, [...values, ...comments]);
}

/**
 * Puts the secrets of `base` back where their masks still stand in `edited`.
 * @param base the text that was masked.
 * @returns also every mask that stands where `base` has no secret; such a text must not be written.
 */
export function unmaskText(edited: string, base: string): { text: string; problems: Problem[] } {
  const known = hiddenSources(base);
  const problems: Problem[] = [];
  const values = textValues(edited).flatMap(({ path, value, start, end }) => {
    if (value !== SECRET_MASK) {
      return [];
    }
    // A key that is written twice has as many secrets.
    const [source, ...others] = known.get(path) ?? [];
    if (source === undefined) {
      const reason = "holds the mask of a secret, and the file has no secret at this key";
      const fix = "Write the value itself: a masked value stays with its own key.";
      problems.push({ severity: "error", path, ...positionAt(edited, start), reason, fix });
      return [];
    }
    known.set(path, others.length > 0 ? others : [source]);
    return [{ start, end, by: source }];
  });
  const kept = hiddenComments(base);
  const comments = commentsOf(edited).flatMap(({ start, end, source }) => {
    const found = kept.find((comment, index) => commentMask(comment.source, index) === source.trimEnd());
    return found === undefined ? [] : [{ start, end, by: found.source }];
  });
  return { text: replaceAll(edited, [...values, ...comments]), problems };
}

/** Literals of hidden values by key path, in the order of the text. */
function hiddenSources(text: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { path, hidden, start, end } of textValues(text)) {
    if (hidden) {
      found.set(path, [...(found.get(path) ?? []), text.slice(start, end)]);
    }
  }
  return found;
}

function textValues(text: string): TextValue[] {
  return valuesBelow(parseJson5(text).root, []);
}

function valuesBelow(node: Node | undefined, steps: Path): TextValue[] {
  switch (node?.kind) {
    case "object":
      return node.members.flatMap(({ key, value }) => valuesBelow(value, [...steps, key]));
    case "array":
      return node.items.flatMap((item, index) => valuesBelow(item, [...steps, index]));
    case "scalar": {
      const { value, start, end } = node;
      return typeof value === "string"
        ? [{ path: formatPath(steps), value, start, end, hidden: isHidden(steps, value) }]
        : [];
    }
    case "invalid":
    case undefined:
      return [];
  }
}

/** Also what looks like a secret at a key that is none, such as an address with a password in it. */
function isHidden(steps: Path, value: string): boolean {
  if (value === "" || isSealed(value) || isReference(value)) {
    return false;
  }
  return value === SECRET_MASK || entryAt(steps)?.secret === true || redactText(value) !== value;
}

interface Comment {
  start: number;
  end: number;
  source: string;
}

const COMMENT = /\/\/[^\n\r\u2028\u2029]*|\/\*[^]*?\*\//g;

/** Between the tokens, so that text which looks like a comment is none. */
function commentsOf(text: string): Comment[] {
  const { tokens } = scan(text);
  const found: Comment[] = [];
  let from = 0;
  for (const { start, end } of [...tokens, { start: text.length, end: text.length }]) {
    for (const match of text.slice(from, start).matchAll(COMMENT)) {
      const at = from + match.index;
      found.push({ start: at, end: at + match[0].length, source: match[0] });
    }
    from = end;
  }
  return found;
}

/** A secret that was commented out is as good as one that is not. */
const hiddenComments = (text: string): Comment[] =>
  commentsOf(text).filter(({ source }) => redactText(source) !== source);

function commentMask(source: string, index: number): string {
  const words = `[comment ${index + 1} is hidden, because it looks like it holds a secret; it is kept]`;
  return source.startsWith("//") ? `// ${words}` : `/* ${words} */`;
}

function replaceAll(text: string, changes: readonly { start: number; end: number; by: string }[]): string {
  let from = 0;
  const parts: string[] = [];
  for (const { start, end, by } of [...changes].sort((a, b) => a.start - b.start)) {
    parts.push(text.slice(from, start), by);
    from = end;
  }
  return parts.join("") + text.slice(from);
}
