/** How findings become a score, what is suppressed, what is new. Pure, browser-safe. */
import type { Grade, ScanFinding, SuppressedFinding, Suppression } from "#server/scan/schema.ts";

/** Worst first. */
export const SCAN_SEVERITIES = ["critical", "warn", "info"] as const;
export type ScanSeverity = (typeof SCAN_SEVERITIES)[number];

/** What a check is about; `--only` and `--skip` choose by it. */
export const SCAN_AREAS = [
  "configuration",
  "files",
  "network",
  "tls",
  "tokens",
  "access",
  "members",
  "channels",
  "models",
  "sandbox",
  "files-policy",
  "limits",
  "record",
  "data",
  "backups",
  "monitoring",
  "dependencies",
  "machine",
] as const;
export type ScanArea = (typeof SCAN_AREAS)[number];

/** What the first finding of a check costs; each further one a fifth of it, to twice the whole. */
const COSTS: Readonly<Record<ScanSeverity, number>> = { critical: 15, warn: 4, info: 1 };
const FURTHER = 0.2;
const MOST = 2;
/** Nothing with a critical finding is better than this. */
const CEILING_CRITICAL = 69;
const FLOORS: readonly [grade: Grade, from: number][] = [
  ["A", 90],
  ["B", 80],
  ["C", 70],
  ["D", 50],
];

/** `docs/scan.md` says the same in words. */
export function scoreOf(findings: readonly Pick<ScanFinding, "id" | "severity">[]): number {
  const costs = new Map<string, { first: number; sum: number }>();
  for (const { id, severity } of [...findings].sort(bySeverity)) {
    const known = costs.get(id);
    const cost = COSTS[severity];
    costs.set(
      id,
      known === undefined
        ? { first: cost, sum: cost }
        : { ...known, sum: Math.min(known.sum + cost * FURTHER, known.first * MOST) },
    );
  }
  const left = Math.max(0, Math.round(100 - [...costs.values()].reduce((total, { sum }) => total + sum, 0)));
  return findings.some(({ severity }) => severity === "critical") ? Math.min(left, CEILING_CRITICAL) : left;
}

export const gradeOf = (score: number): Grade => FLOORS.find(([, from]) => score >= from)?.[0] ?? "F";

const rank = (severity: ScanSeverity): number => SCAN_SEVERITIES.indexOf(severity);
export const bySeverity = (a: Pick<ScanFinding, "severity">, b: Pick<ScanFinding, "severity">): number =>
  rank(a.severity) - rank(b.severity);

/** Whether one of the findings is as bad as `threshold` or worse. */
export const reaches = (
  findings: readonly Pick<ScanFinding, "severity">[],
  threshold: ScanSeverity | "none",
): boolean => threshold !== "none" && findings.some(({ severity }) => rank(severity) <= rank(threshold));

export type LiveSuppression = Pick<Suppression, "id" | "checkId" | "match" | "reason" | "until" | "createdBy">;

/** The one that covers a finding; those whose time is over cover nothing. */
function coverOf(
  finding: ScanFinding,
  suppressions: readonly LiveSuppression[],
  at: Date,
): LiveSuppression | undefined {
  return suppressions.find(
    ({ checkId, match, until }) =>
      checkId === finding.id &&
      until > at &&
      (match === null || finding.subject.includes(match) || finding.evidence.includes(match)),
  );
}

export function splitSuppressed(
  all: readonly ScanFinding[],
  suppressions: readonly LiveSuppression[],
  at: Date,
): { findings: ScanFinding[]; suppressed: SuppressedFinding[] } {
  const findings: ScanFinding[] = [];
  const suppressed: SuppressedFinding[] = [];
  for (const finding of all) {
    const cover = coverOf(finding, suppressions, at);
    if (cover === undefined) {
      findings.push(finding);
    } else {
      const { id, reason, until, createdBy } = cover;
      suppressed.push({ ...finding, suppression: { id, reason, until, createdBy } });
    }
  }
  return { findings, suppressed };
}

/** Findings that were not there before. A finding that got worse counts as new. */
export function newSince<Finding extends Pick<ScanFinding, "fingerprint" | "severity">>(
  findings: readonly Finding[],
  before: readonly Pick<ScanFinding, "fingerprint" | "severity">[],
): Finding[] {
  const known = new Map(before.map(({ fingerprint, severity }) => [fingerprint, severity]));
  return findings.filter((finding) => {
    const was = known.get(finding.fingerprint);
    return was === undefined || rank(finding.severity) < rank(was);
  });
}
