/** Values as JSON5 text in the style of the file: plain keys unquoted, text in double quotes, short lists on one line. */
export interface Layout {
  newline: string;
  /** One level. */
  indent: string;
}

const PLAIN_KEY = /^[A-Za-z_$][\w$]*$/;
const MAX_LINE = 80;

export function printKey(key: string): string {
  return PLAIN_KEY.test(key) ? key : printText(key);
}

/** A whole text of its own. */
export const printJson5 = (value: unknown): string => printValue(value, "", { newline: "\n", indent: "  " });

/** @param indent of the line the value begins on. */
export function printValue(value: unknown, indent: string, layout: Layout): string {
  if (typeof value === "string") {
    return printText(value);
  }
  if (typeof value !== "object" || value === null) {
    return String(value);
  }
  const inner = indent + layout.indent;
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  const entries = Array.isArray(value)
    ? value.map((item) => printValue(item, inner, layout))
    : Object.entries(value).map(([key, item]) => `${printKey(key)}: ${printValue(item, inner, layout)}`);
  const oneLine = Array.isArray(value) ? `[${entries.join(", ")}]` : "{}";
  if (entries.length === 0 || (Array.isArray(value) && oneLine.length <= MAX_LINE && !/[\n\r]/.test(oneLine))) {
    return oneLine;
  }
  const lines = entries.map((entry) => `${inner}${entry},`);
  return [open, ...lines, `${indent}${close}`].join(layout.newline);
}

/** The two line separators are legal in JSON and a trap in JavaScript, so they are escaped. */
function printText(value: string): string {
  return JSON.stringify(value).replace(/[\u2028\u2029]/g, (mark) => (mark === "\u2028" ? "\\u2028" : "\\u2029"));
}
