/** A report as Markdown (GitHub flavour). Pure. Text that strangers chose is never markup: no link, image, heading or further column. */
import type { Report, Table } from "#server/audit/report/schema.ts";
import { digits } from "#server/audit/report/totals.ts";
import { sanitizeText } from "#server/audit/sanitize.ts";

const URGENCY = { now: "Now", soon: "Soon", note: "Note" } as const;

export function reportMarkdown({ title, period, attention, sections, footer }: Report): string {
  const blocks = [
    `# ${plain(title)}`,
    plain(period),
    "## What deserves attention first",
    attention.length === 0
      ? "Nothing stands out."
      : attention.map(({ urgency, text }) => `- **${URGENCY[urgency]}**: ${plain(text)}`).join("\n"),
  ];
  for (const section of sections) {
    blocks.push(`## ${plain(section.title)}`, ...section.lines.map(plain));
    for (const { title: chart, series, points } of section.charts) {
      const columns = ["", ...series];
      blocks.push(
        tableText({ title: chart, columns, rows: points.map(({ label, values }) => [label, ...values]), empty: "" }),
      );
    }
    blocks.push(...section.tables.map(tableText));
  }
  return `${[...blocks, plain(footer)].join("\n\n")}\n`;
}

function tableText({ title, columns, rows, empty }: Table): string {
  const head = title === "" ? [] : [`### ${plain(title)}`];
  if (rows.length === 0) {
    return [...head, plain(empty)].join("\n\n");
  }
  const isNumber = columns.map((_column, index) => rows.every((row) => typeof row[index] === "number"));
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const table = [
    line(columns.map((column) => plain(column))),
    line(isNumber.map((number) => (number ? "---:" : "---"))),
    ...rows.map((row) => line(row.map((cell) => (typeof cell === "number" ? digits(cell) : plain(cell))))),
  ];
  return [...head, table.join("\n")].join("\n\n");
}

const NO_LIMIT = 4_096;

/** Text that Markdown shows as it is, on one line; what would become a link by itself is broken up. */
export function plain(text: string): string {
  return sanitizeText(text, NO_LIMIT)
    .replace(/[\\`*_{}[\]()<>#+!|~&@$^=]/g, "\\$&")
    .replace(/:(?=\/\/)/g, "\\:")
    .replace(/www(?=\.)/gi, "$&\\")
    .replace(/^(\s*)([-.]|\d+(?=[.)]))/, "$1\\$2");
}
