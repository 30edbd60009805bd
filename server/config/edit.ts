/**
 * Changes one value inside the text, so that comments, order and formatting stay as the person wrote them. Pure.
 * The caller validates the outcome before anything is written.
 */
import { AppError } from "#server/core/errors.ts";
import { parseJson5, type ArrayNode, type Node, type ObjectNode } from "#server/config/json5/parse.ts";
import { printKey, printValue, type Layout } from "#server/config/json5/print.ts";
import { itemOf, memberOf, type Path } from "#server/config/json5/value.ts";
import { formatPath } from "#server/config/path.ts";

const DEFAULT_INDENT = "  ";

/**
 * `text` with the value at `path` replaced or added; missing parents are made.
 * @throws AppError("CONFIG_INVALID") when the text is not JSON5; AppError("INVALID_INPUT") when a parent is not an object or list.
 */
export function setInText(text: string, path: Path, value: unknown): string {
  const source = text.trim() === "" ? "{\n}\n" : text;
  const { root, problems } = parseJson5(source);
  if (root === undefined || problems.length > 0) {
    throw new AppError(
      "CONFIG_INVALID",
      "The file is not valid JSON5. See what is wrong with: openclaw config validate",
    );
  }
  const layout: Layout = { newline: source.includes("\r\n") ? "\r\n" : "\n", indent: indentUnit(source) };

  let node: Node = root;
  for (const [depth, step] of path.entries()) {
    const child: Node | undefined =
      node.kind === "object"
        ? memberOf(node, String(step))?.value
        : node.kind === "array"
          ? itemOf(node, step)
          : undefined;
    if (child === undefined) {
      const nested = path.slice(depth + 1).reduceRight<unknown>((inner, key) => wrap(key, inner), value);
      return insertInto(source, node, path.slice(0, depth + 1), nested, layout);
    }
    node = child;
  }
  const printed = printValue(value, lineIndent(source, node.start), layout);
  return splice(source, node.start, node.end, printed);
}

function wrap(step: string | number, inner: unknown): unknown {
  return typeof step === "number" ? [inner] : { [step]: inner };
}

/** Adds the entry that `path` ends in to `parent`. */
function insertInto(source: string, parent: Node, path: Path, value: unknown, layout: Layout): string {
  const step = path.at(-1) ?? "";
  if (parent.kind === "object" && typeof step === "string") {
    return append(
      source,
      parent,
      parent.members.at(-1)?.value.end,
      layout,
      (indent) => `${printKey(step)}: ${printValue(value, indent, layout)}`,
    );
  }
  if (parent.kind === "array" && step === parent.items.length) {
    return append(source, parent, parent.items.at(-1)?.end, layout, (indent) => printValue(value, indent, layout));
  }
  const above = formatPath(path.slice(0, -1));
  throw new AppError(
    "INVALID_INPUT",
    parent.kind === "array"
      ? `${above} is a list of ${parent.items.length}. Use an index from 0 to ${parent.items.length}, or set the whole list.`
      : `${above} is not an object, so ${formatPath(path)} cannot be set. Set ${above} first.`,
  );
}

/** @param lastEnd end of the last entry, undefined when there is none. */
function append(
  source: string,
  parent: ObjectNode | ArrayNode,
  lastEnd: number | undefined,
  { newline, indent: unit }: Layout,
  print: (indent: string) => string,
): string {
  const close = parent.end - 1;
  const contentEnd = source.slice(0, close).trimEnd().length;
  const isOneLine = !/[\n\r]/.test(source.slice(parent.start, close));
  const withComma =
    lastEnd === undefined || hasComma(source, lastEnd, close) ? source : splice(source, lastEnd, lastEnd, ",");
  const at = contentEnd + withComma.length - source.length;
  const outer = lineIndent(source, parent.start);

  if (isOneLine && lastEnd !== undefined) {
    return splice(withComma, at, at, ` ${print(outer)}`);
  }
  const indent = entryIndent(source, parent) ?? outer + unit;
  const entry = `${newline}${indent}${print(indent)},`;
  return isOneLine
    ? splice(withComma, at, at + close - contentEnd, `${entry}${newline}${outer}`)
    : splice(withComma, at, at, entry);
}

/** Whether a comma, not one inside a comment, stands behind the last entry. */
function hasComma(source: string, from: number, to: number): boolean {
  return source
    .slice(from, to)
    .replace(/\/\/[^\n\r\u2028\u2029]*|\/\*[^]*?\*\//g, "")
    .includes(",");
}

/** Indentation of the first entry that begins its own line. */
function entryIndent(source: string, parent: ObjectNode | ArrayNode): string | undefined {
  const starts =
    parent.kind === "object" ? parent.members.map((member) => member.keyStart) : parent.items.map((item) => item.start);
  const indents = starts.map((start) => /(?:^|[\n\r])([ \t]*)$/.exec(source.slice(0, start))?.[1]);
  return indents.find((indent) => indent !== undefined);
}

/** White space at the start of the line that holds `offset`. */
function lineIndent(source: string, offset: number): string {
  const lineStart = Math.max(source.lastIndexOf("\n", offset - 1), source.lastIndexOf("\r", offset - 1)) + 1;
  return /^[ \t]*/.exec(source.slice(lineStart))?.[0] ?? "";
}

function indentUnit(source: string): string {
  return /(?:^|[\n\r])([ \t]+)\S/.exec(source)?.[1] ?? DEFAULT_INDENT;
}

function splice(text: string, start: number, end: number, replacement: string): string {
  return text.slice(0, start) + replacement + text.slice(end);
}
