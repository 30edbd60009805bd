/** The last look-ups, as facts for the checklist, the scan and the console. */
import type { Pool } from "pg";
import { recordEvents } from "#server/audit/index.ts";
import type { Actor } from "#server/audit/schema.ts";
import { withTx, type Db } from "#server/core/db/client.ts";
import { newVulnerabilityCheckId } from "#server/core/ids.ts";
import { VulnerabilityReport, type VulnerabilitySeverity } from "#server/vulnerabilities/schema.ts";

const KEPT = 50;

/** Keeps the report together with the record of it. */
export async function storeVulnerabilityReport(db: Db, report: VulnerabilityReport, actor: Actor): Promise<void> {
  const count = (severity: VulnerabilitySeverity): number =>
    report.findings.filter((finding) => finding.severity === severity).length;
  await withTx(db, async (tx) => {
    await tx.vulnerabilityCheck.create({
      data: { id: newVulnerabilityCheckId(), at: new Date(report.at), verdict: report.verdict, report },
    });
    await tx.$executeRaw`DELETE FROM vulnerability_check WHERE id NOT IN (SELECT id FROM vulnerability_check ORDER BY at DESC LIMIT ${KEPT})`;
    await recordEvents(tx, [
      {
        event: "vulnerabilities.checked",
        outcome: report.verdict === "unknown" ? "failed" : "ok",
        actor,
        reason: report.verdict,
        data: {
          checked: report.checked,
          critical: count("critical"),
          high: count("high"),
          other: count("moderate") + count("low") + count("unknown"),
          notChecked: report.notChecked.length,
        },
      },
    ]);
  });
}

/** The newest report; null = there was none yet. */
export async function lastVulnerabilityReport(pool: Pool): Promise<VulnerabilityReport | null> {
  const { rows } = await pool.query<{ report: unknown }>(
    "SELECT report FROM vulnerability_check ORDER BY at DESC LIMIT 1",
  );
  const parsed = VulnerabilityReport.safeParse(rows[0]?.report);
  return parsed.success ? parsed.data : null;
}
