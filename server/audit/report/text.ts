/** A report for terminals. Pure. Text that strangers chose can neither move the cursor nor begin a line of its own. */
import type { Chart, Report, Table } from "#server/audit/report/schema.ts";
import { digits } from "#server/audit/report/totals.ts";
import { sanitizeText } from "#server/audit/sanitize.ts";

const BAR_CELLS = 40;
const MAX_CELL = 60;
/** One filling for each severity, from the least grave on. */
const FILLINGS = ["░", "▒", "▓", "█"] as const;

const URGENCY = { now: "NOW ", soon: "SOON", note: "NOTE" } as const;

export function reportText({ title, period, attention, sections, footer }: Report): string {
  const lines = [title, period, "", "What deserves attention first", ...attentionLines(attention)];
  for (const section of sections) {
    lines.push("", section.title, "─".repeat(section.title.length), ...section.lines.map((line) => safe(line)));
    section.charts.forEach((chart) => lines.push("", ...chartLines(chart)));
    section.tables.forEach((table) => lines.push("", ...tableLines(table)));
  }
  return `${[...lines, "", footer].join("\n")}\n`;
}

function attentionLines(attention: Report["attention"]): string[] {
  return attention.length === 0
    ? ["  Nothing stands out."]
    : attention.map(({ urgency, text }) => `  ${URGENCY[urgency]}  ${safe(text)}`);
}

function chartLines({ title, series, points }: Chart): string[] {
  const fillings = FILLINGS.slice(-series.length);
  const legend =
    series.length === 1 ? "" : `  (${series.map((name, index) => `${fillings[index] ?? ""} ${name}`).join("  ")})`;
  const most = Math.max(1, ...points.map(({ values }) => sum(values)));
  const width = Math.max(...points.map(({ label }) => label.length), 0);
  return [
    `${title}${legend}`,
    ...points.map(({ label, values }) => {
      const bar = values.map((value, index) => (fillings[index] ?? "█").repeat(cells(value, most))).join("");
      return `  ${safe(label).padEnd(width)}  ${bar.slice(0, BAR_CELLS).padEnd(BAR_CELLS)}  ${digits(sum(values))}`;
    }),
  ];
}

/** What is there at all is seen. */
const cells = (value: number, most: number): number =>
  value === 0 ? 0 : Math.max(1, Math.round((value / most) * BAR_CELLS));

function tableLines({ title, columns, rows, empty }: Table): string[] {
  const head = title === "" ? [] : [`${title}:`];
  if (rows.length === 0) {
    return [...head, `  ${empty}`];
  }
  const texts = [columns, ...rows.map((row) => row.map(cellText))];
  const widths = columns.map((_column, index) => Math.max(...texts.map((row) => (row[index] ?? "").length)));
  const isNumber = columns.map((_column, index) => rows.every((row) => typeof row[index] === "number"));
  const line = (row: readonly string[]): string =>
    row
      .map((text, index) =>
        isNumber[index] === true ? text.padStart(widths[index] ?? 0) : text.padEnd(widths[index] ?? 0),
      )
      .join("  ")
      .trimEnd();
  return [...head, ...texts.map((row) => `  ${line(row)}`)];
}

const cellText = (cell: string | number): string => (typeof cell === "number" ? digits(cell) : safe(cell, MAX_CELL));

/** Longer than anything the record holds. */
const NO_LIMIT = 4_096;

/** What was sealed is safe already; what somebody wrote into the table is not. */
const safe = (text: string, limit = NO_LIMIT): string => sanitizeText(text, limit);

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
