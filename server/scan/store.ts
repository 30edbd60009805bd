/** Results of scans in the database: kept with what is new against the scan before, and on record. */
import { recordEvents } from "#server/audit/index.ts";
import type { Actor, AuditEventInput } from "#server/audit/schema.ts";
import { withTx, type Db, type Prisma, type Tx } from "#server/core/db/client.ts";
import { randomId } from "#server/core/ids.ts";
import { newSince } from "#server/scan/policy.ts";
import {
  NotChecked,
  ScanFinding,
  ScanSummary,
  SuppressedFinding,
  type ScanReport,
  type ScanTrigger,
  type StoredFinding,
} from "#server/scan/schema.ts";

export interface NewScan {
  report: ScanReport;
  /** Machine and home that were looked at. */
  place: string;
  trigger: ScanTrigger;
  actor: Actor;
}

export interface StoredScan {
  scan: ScanSummary;
  findings: StoredFinding[];
  suppressed: SuppressedFinding[];
  notChecked: NotChecked[];
  resolved: number;
}

/** Names on record at most. */
const MAX_RECORDED = 50;

/** Keeps a report with its events, in one transaction. */
export async function storeScan(db: Db, { report, place, trigger, actor }: NewScan): Promise<StoredScan> {
  return withTx(db, async (tx) => {
    // One at a time for a place: each is compared with the one before it.
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('security_scan'), hashtext(${place}))`;
    const before = await lastScan(tx, place);
    // What was suppressed before is not new when its suppression ends, and the other way about.
    const known = [...(before?.findings ?? []), ...(before?.suppressed ?? [])];
    const fresh = before === null ? [] : newSince(report.findings, known);
    const isNew = new Set(fresh.map(({ fingerprint }) => fingerprint));
    const now = new Set([...report.findings, ...report.suppressed].map(({ fingerprint }) => fingerprint));
    const freshCritical = fresh.filter(({ severity }) => severity === "critical");
    const count = (severity: string): number =>
      report.findings.filter((finding) => finding.severity === severity).length;
    const scan: ScanSummary = {
      id: randomId("scn"),
      at: report.at,
      trigger,
      requestedBy: actor.id,
      score: report.score,
      grade: report.grade,
      complete: report.complete,
      checksRun: report.checksRun,
      durationMs: report.durationMs,
      critical: count("critical"),
      warn: count("warn"),
      info: count("info"),
      suppressed: report.suppressed.length,
      fresh: fresh.length,
      freshCritical: freshCritical.length,
    };
    const resolved = (before?.findings ?? []).filter(({ fingerprint }) => !now.has(fingerprint)).length;
    await tx.securityScan.create({ data: { ...scan, place, resolved, notChecked: json(report.notChecked) } });
    const findings = report.findings.map((finding) => ({ ...finding, isNew: isNew.has(finding.fingerprint) }));
    await tx.securityFinding.createMany({
      data: [
        ...findings.map(({ isNew: isFresh, ...finding }) => row(scan.id, finding, isFresh)),
        ...report.suppressed.map(({ suppression, ...finding }) => ({
          ...row(scan.id, finding, false),
          suppression: json(suppression),
        })),
      ],
      // Two findings of one check about the same thing: one is kept.
      skipDuplicates: true,
    });
    await recordEvents(tx, eventsOf(scan, freshCritical, before?.scan ?? null, actor));
    return { scan, findings, suppressed: report.suppressed, notChecked: report.notChecked, resolved };
  });
}

function eventsOf(
  scan: ScanSummary,
  freshCritical: readonly ScanFinding[],
  before: ScanSummary | null,
  actor: Actor,
): AuditEventInput[] {
  const { id, trigger, score, grade, critical, warn, info, suppressed, fresh, complete } = scan;
  const finished: AuditEventInput = {
    event: "scan.finished",
    outcome: "ok",
    actor,
    target: id,
    reason: trigger,
    data: { score, grade, critical, warn, info, suppressed, fresh, complete },
  };
  const checks = [...new Set(freshCritical.map((finding) => finding.id))].slice(0, MAX_RECORDED);
  return freshCritical.length === 0
    ? [finished]
    : [
        finished,
        {
          event: "scan.regressed",
          outcome: "failed",
          actor,
          target: id,
          reason: "new_critical_findings",
          data: { count: freshCritical.length, checks, score, before: before?.score ?? null },
        },
      ];
}

const json = (value: unknown): Prisma.InputJsonValue => JSON.parse(JSON.stringify(value)) as Prisma.InputJsonValue;

const row = (scanId: string, finding: ScanFinding, isNew: boolean) => ({
  scanId,
  fingerprint: finding.fingerprint,
  severity: finding.severity,
  isNew,
  finding: json(finding),
});

/** The newest scan of a place with everything it found; null before the first. */
export async function lastScan(db: Db | Tx, place: string): Promise<StoredScan | null> {
  const found = await db.securityScan.findFirst({
    where: { place },
    orderBy: { at: "desc" },
    include: { findings: true },
  });
  if (found === null) {
    return null;
  }
  const findings: StoredFinding[] = [];
  const suppressed: SuppressedFinding[] = [];
  for (const { finding, suppression, isNew } of found.findings) {
    const read = ScanFinding.parse(finding);
    if (suppression === null) {
      findings.push({ ...read, isNew });
    } else {
      suppressed.push(SuppressedFinding.parse({ ...read, suppression: withDate(suppression) }));
    }
  }
  return {
    scan: ScanSummary.parse(found),
    findings,
    suppressed,
    notChecked: NotChecked.array().parse(found.notChecked),
    resolved: found.resolved,
  };
}

function withDate(suppression: unknown): unknown {
  const { until, ...rest } = suppression as { until: string };
  return { ...rest, until: new Date(until) };
}

/** Summaries of a place, oldest first. */
export async function scanHistory(db: Db, place: string, limit: number): Promise<ScanSummary[]> {
  const rows = await db.securityScan.findMany({ where: { place }, orderBy: { at: "desc" }, take: limit });
  return rows.map((one) => ScanSummary.parse(one)).reverse();
}

/** Removes results older than `retentionMs`; the newest of each place stays. */
export async function removeOldScans(db: Db, now: Date, retentionMs: number): Promise<number> {
  const cutoff = new Date(now.getTime() - retentionMs);
  return db.$executeRaw`
    DELETE FROM security_scan AS old WHERE old.at < ${cutoff}
      AND EXISTS (SELECT FROM security_scan AS newer WHERE newer.place = old.place AND newer.at > old.at)`;
}
