/** What reports for people share. Pure. */
import type { ScanFinding, ScanReport } from "#server/scan/schema.ts";

export const SEVERITY_WORDS = { critical: "Critical", warn: "Warnings", info: "Advice" } as const;

/** `openclaw.json5:12`, or the file, or nothing. */
export function placeOf({ location }: Pick<ScanFinding, "location">): string | null {
  return location === null ? null : location.line === null ? location.file : `${location.file}:${location.line}`;
}

export function verdictOf({
  score,
  grade,
  complete,
  checksRun,
  findings,
  suppressed,
  notChecked,
  durationMs,
}: ScanReport): string {
  const count = (severity: ScanFinding["severity"]): number =>
    findings.filter((one) => one.severity === severity).length;
  const left = notChecked.reduce((sum, { checks }) => sum + checks.length, 0);
  const parts = [
    `${count("critical")} critical`,
    `${count("warn")} warnings`,
    `${count("info")} advice`,
    ...(suppressed.length > 0 ? [`${suppressed.length} suppressed`] : []),
  ];
  const rest = complete ? "" : `; ${left} could not run, so that this is no all-clear`;
  return `Score ${score} of 100, grade ${grade}: ${parts.join(", ")}. ${checksRun} checks in ${durationMs} ms${rest}.`;
}
