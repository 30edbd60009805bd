/** A report for a terminal. Pure: every text in it was made fit to show when it was found. */
import { placeOf, SEVERITY_WORDS, verdictOf } from "#server/scan/report/words.ts";
import { SCAN_SEVERITIES } from "#server/scan/policy.ts";
import type { ScanFinding, ScanReport } from "#server/scan/schema.ts";

export function textReport(report: ScanReport): string {
  const { findings, suppressed, notChecked } = report;
  const lines = [verdictOf(report)];
  for (const severity of SCAN_SEVERITIES) {
    const ofThis = findings.filter((finding) => finding.severity === severity);
    if (ofThis.length > 0) {
      lines.push("", `${SEVERITY_WORDS[severity]} (${ofThis.length})`, ...ofThis.flatMap(findingLines));
    }
  }
  if (suppressed.length > 0) {
    lines.push("", `Suppressed (${suppressed.length})`);
    for (const { id, subject, suppression } of suppressed) {
      const day = suppression.until.toISOString().slice(0, 10);
      lines.push(`  ${id}  ${subject}`, `      until ${day}, by ${suppression.createdBy}: ${suppression.reason}`);
    }
  }
  if (notChecked.length > 0) {
    lines.push("", "Not checked");
    for (const { source, why, checks } of notChecked) {
      lines.push(`  ${source}: ${why}${checks.length === 0 ? "" : ` (${checks.length} checks)`}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

function findingLines(finding: ScanFinding): string[] {
  const place = placeOf(finding);
  const { id, title, evidence, fix } = finding;
  return [
    `  ${id}  ${title}`,
    `      ${evidence}`,
    ...(place === null ? [] : [`      at ${place}`]),
    `      → ${fix.text}${fix.command === null ? "" : ` ${fix.command}`}`,
  ];
}
