/** A report as SARIF 2.1.0, for code hosts and other readers of findings. Pure. */
import { pathToFileURL } from "node:url";
import { CHECKS } from "#server/scan/registry.ts";
import type { ScanSeverity } from "#server/scan/policy.ts";
import type { ScanFinding, ScanReport, SuppressedFinding } from "#server/scan/schema.ts";
import { VERSION } from "#server/version.ts";

const LEVELS: Readonly<Record<ScanSeverity, "error" | "warning" | "note">> = {
  critical: "error",
  warn: "warning",
  info: "note",
};
/** What code hosts sort by, 0 to 10. */
const SECURITY_SEVERITY: Readonly<Record<ScanSeverity, string>> = { critical: "9.0", warn: "5.0", info: "2.0" };

export function sarifReport({ at, findings, suppressed, notChecked, score, grade, complete }: ScanReport): object {
  const all: (ScanFinding | SuppressedFinding)[] = [...findings, ...suppressed];
  const used = CHECKS.filter(({ id }) => all.some((finding) => finding.id === id));
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "OpenClaw Gateway security scan",
            version: VERSION,
            rules: used.map(({ id, title, why, severity, area }) => ({
              id,
              name: id.replace(/(?:^|[._-])([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()),
              shortDescription: { text: title },
              fullDescription: { text: why },
              help: { text: `${why} All checks: docs/scan.md` },
              defaultConfiguration: { level: LEVELS[severity] },
              properties: { tags: ["security", area], "security-severity": SECURITY_SEVERITY[severity] },
            })),
          },
        },
        invocations: [
          {
            executionSuccessful: true,
            endTimeUtc: at.toISOString(),
            toolExecutionNotifications: notChecked.map(({ source, why }) => ({
              level: "warning",
              message: { text: `Not checked: ${source}: ${why}` },
            })),
          },
        ],
        columnKind: "utf16CodeUnits",
        properties: { score, grade, complete },
        results: all.map((finding) =>
          resultOf(
            finding,
            used.findIndex(({ id }) => id === finding.id),
          ),
        ),
      },
    ],
  };
}

function resultOf(finding: ScanFinding | SuppressedFinding, ruleIndex: number): object {
  const { id, severity, evidence, fix, location, configPath, subject, fingerprint } = finding;
  const advice = `Fix: ${fix.text}${fix.command === null ? "" : ` ${fix.command}`}`;
  return {
    ruleId: id,
    ruleIndex,
    level: LEVELS[severity],
    message: { text: `${evidence} ${advice}` },
    locations: [
      {
        ...(location === null
          ? {}
          : {
              physicalLocation: {
                artifactLocation: { uri: uriOf(location.file) },
                ...(location.line === null
                  ? {}
                  : { region: { startLine: location.line, startColumn: location.column ?? 1 } }),
              },
            }),
        logicalLocations: [{ fullyQualifiedName: configPath ?? subject }],
      },
    ],
    partialFingerprints: { "openclaw/v1": fingerprint },
    ...("suppression" in finding
      ? { suppressions: [{ kind: "external", status: "accepted", justification: finding.suppression.reason }] }
      : {}),
  };
}

const uriOf = (file: string): string => (file.startsWith("/") ? pathToFileURL(file).href : encodeURI(file));
