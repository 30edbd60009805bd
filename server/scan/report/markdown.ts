/** A report as Markdown. Pure. Threat: a name in it that becomes a link, a picture, a heading or HTML where the report is shown. */
import { placeOf, SEVERITY_WORDS, verdictOf } from "#server/scan/report/words.ts";
import { SCAN_SEVERITIES } from "#server/scan/policy.ts";
import type { ScanFinding, ScanReport } from "#server/scan/schema.ts";

/** Nothing in it is read as Markdown or HTML, and no address in it becomes a link. */
const plainMarkdown = (text: string): string =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replace(/[\\`*_{}[\]()#+!|~-]/g, "\\$&")
    .replace(/:\/\//g, ":\u2060//")
    .replace(/@/g, "&#64;");

/** A span of code that `text` cannot end. */
function codeSpan(text: string): string {
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const inner = text.replaceAll("|", "\\|");
  return longest > 0 || /^\s|\s$/.test(inner) ? `${fence} ${inner} ${fence}` : `${fence}${inner}${fence}`;
}

export function markdownReport(report: ScanReport): string {
  const { at, findings, suppressed, notChecked } = report;
  const lines = ["# Security scan", "", `${at.toISOString()}. ${plainMarkdown(verdictOf(report))}`, ""];
  for (const severity of SCAN_SEVERITIES) {
    const ofThis = findings.filter((finding) => finding.severity === severity);
    if (ofThis.length > 0) {
      lines.push(`## ${SEVERITY_WORDS[severity]} (${ofThis.length})`, "", ...ofThis.flatMap(findingLines));
    }
  }
  if (suppressed.length > 0) {
    lines.push(`## Suppressed (${suppressed.length})`, "");
    for (const { id, subject, suppression } of suppressed) {
      lines.push(
        `- ${codeSpan(id)} ${plainMarkdown(subject)}: until ${suppression.until.toISOString().slice(0, 10)}, by ${plainMarkdown(suppression.createdBy)}: ${plainMarkdown(suppression.reason)}`,
      );
    }
    lines.push("");
  }
  if (notChecked.length > 0) {
    lines.push(
      "## Not checked",
      "",
      ...notChecked.map(
        ({ source, why, checks }) => `- ${plainMarkdown(`${source}: ${why} (${checks.length} checks)`)}`,
      ),
      "",
    );
  }
  return `${lines.join("\n").trimEnd()}\n`;
}

function findingLines(finding: ScanFinding): string[] {
  const place = placeOf(finding);
  const { id, title, why, evidence, fix } = finding;
  return [
    `### ${plainMarkdown(title)}`,
    "",
    `${codeSpan(id)}${place === null ? "" : ` at ${codeSpan(place)}`}`,
    "",
    `${plainMarkdown(evidence)} ${plainMarkdown(why)}`,
    "",
    `Fix: ${plainMarkdown(fix.text)}${fix.command === null ? "" : ` ${codeSpan(fix.command)}`}`,
    "",
  ];
}
