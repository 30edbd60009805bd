/** A report in the formats there are. Pure. */
import { markdownReport } from "#server/scan/report/markdown.ts";
import { sarifReport } from "#server/scan/report/sarif.ts";
import { textReport } from "#server/scan/report/text.ts";
import type { ScanReport } from "#server/scan/schema.ts";

export const SCAN_FORMATS = ["text", "json", "sarif", "md"] as const;
export type ScanFormat = (typeof SCAN_FORMATS)[number];

/** Whole lines, the last one ended. */
export function renderScan(report: ScanReport, format: ScanFormat): string {
  switch (format) {
    case "text":
      return textReport(report);
    case "json":
      return `${JSON.stringify(report, null, 2)}\n`;
    case "sarif":
      return `${JSON.stringify(sarifReport(report), null, 2)}\n`;
    case "md":
      return markdownReport(report);
  }
}
