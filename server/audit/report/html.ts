/**
 * A report as one HTML file: nothing is fetched, no script runs, and a policy in the file itself forbids both.
 * Threat: names, addresses and reasons come from strangers and are read in an administrator's browser. Every text goes through `escapeHtml`.
 */
import { hash } from "node:crypto";
import { chartSvg } from "#server/audit/report/svg.ts";
import { STYLE } from "#server/audit/report/style.ts";
import type { Chart, Report, Section, Table } from "#server/audit/report/schema.ts";
import { escapeHtml } from "#server/audit/report/escape-html.ts";
import { digits } from "#server/audit/report/totals.ts";

const POLICY = `default-src 'none'; style-src 'sha256-${hash("sha256", STYLE, "base64")}'; base-uri 'none'; form-action 'none'`;

export function reportHtml({ title, period, attention, sections, footer }: Report): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<header><h1>${escapeHtml(title)}</h1><p>${escapeHtml(period)}</p></header>
<main>
<section aria-labelledby="attention"><h2 id="attention">What deserves attention first</h2>
${attentionHtml(attention)}</section>
${sections.map(sectionHtml).join("\n")}
</main>
<footer><p>${escapeHtml(footer)}</p></footer>
</body>
</html>
`;
}

const URGENCY = { now: "Now", soon: "Soon", note: "Note" } as const;

function attentionHtml(attention: Report["attention"]): string {
  if (attention.length === 0) {
    return "<p>Nothing stands out.</p>";
  }
  const items = attention.map(
    ({ urgency, text }) => `<li class="${urgency}"><strong>${URGENCY[urgency]}</strong> ${escapeHtml(text)}</li>`,
  );
  return `<ul class="attention">\n${items.join("\n")}\n</ul>`;
}

function sectionHtml({ id, title, lines, charts, tables }: Section): string {
  return [
    `<section aria-labelledby="s-${id}"><h2 id="s-${id}">${escapeHtml(title)}</h2>`,
    ...lines.map((line) => `<p>${escapeHtml(line)}</p>`),
    ...charts.map(chartHtml),
    ...tables.map(tableHtml),
    "</section>",
  ].join("\n");
}

function chartHtml(chart: Chart): string {
  const { title, series, points } = chart;
  const table = {
    title,
    columns: ["", ...series],
    rows: points.map(({ label, values }) => [label, ...values]),
    empty: "",
  };
  return `<figure>\n${chartSvg(chart)}\n<figcaption>${escapeHtml(title)}</figcaption>\n<details><summary>As a table</summary>${tableHtml(table)}</details>\n</figure>`;
}

function tableHtml({ title, columns, rows, empty }: Table): string {
  const heading = title === "" ? "" : `<h3>${escapeHtml(title)}</h3>`;
  if (rows.length === 0) {
    return `${heading}<p class="empty">${escapeHtml(empty)}</p>`;
  }
  const head = columns.map((column) => (column === "" ? "<td></td>" : `<th scope="col">${escapeHtml(column)}</th>`));
  const body = rows.map((row) => `<tr>${row.map(cellHtml).join("")}</tr>`);
  return `${heading}<div class="scroll"><table><thead><tr>${head.join("")}</tr></thead><tbody>\n${body.join("\n")}\n</tbody></table></div>`;
}

function cellHtml(cell: string | number, column: number): string {
  if (typeof cell === "number") {
    return `<td class="number">${digits(cell)}</td>`;
  }
  return column === 0 ? `<th scope="row">${escapeHtml(cell)}</th>` : `<td>${escapeHtml(cell)}</td>`;
}
