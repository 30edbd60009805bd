/** A security report in the format that is asked for. Pure. */
import { reportHtml } from "#server/audit/report/html.ts";
import { reportMarkdown } from "#server/audit/report/markdown.ts";
import { buildReport } from "#server/audit/report/model.ts";
import type { ReportFacts } from "#server/audit/report/schema.ts";
import { reportText } from "#server/audit/report/text.ts";

export const REPORT_FORMATS = ["text", "json", "md", "html"] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

export function renderReport(facts: ReportFacts, format: ReportFormat): string {
  const report = buildReport(facts);
  switch (format) {
    case "text":
      return reportText(report);
    case "md":
      return reportMarkdown(report);
    case "html":
      return reportHtml(report);
    case "json": {
      const { attention } = report;
      return `${JSON.stringify({ format: "openclaw-security-report/1", attention, ...facts }, null, 2)}\n`;
    }
  }
}
