/** What is to be told to whom, and what is due: contact points, alert rules, ages of keys, the last look-up of vulnerabilities. */
import type { Pool } from "pg";
import type { Db } from "#server/core/db/client.ts";
import { lastVulnerabilityReport } from "#server/vulnerabilities/index.ts";
import type { UpkeepState } from "#server/scan/facts/sources.ts";

export async function upkeepState(db: Db, pool: Pool): Promise<UpkeepState> {
  const [contacts, rules, keys, report] = await Promise.all([
    db.contactPoint.findMany({ select: { name: true, enabled: true, disabledReason: true }, orderBy: { name: "asc" } }),
    db.alertRule.findMany({
      select: { name: true, builtin: true, paused: true, health: true },
      orderBy: { name: "asc" },
    }),
    db.trackedKey.findMany({
      where: { removedAt: null },
      select: { id: true, path: true, owner: true, rotatedAt: true },
      orderBy: { id: "asc" },
    }),
    lastVulnerabilityReport(pool),
  ]);
  return {
    contacts,
    rules: rules.map(({ builtin, ...rule }) => ({ ...rule, isBuiltIn: builtin !== null })),
    keys,
    vulnerabilities:
      report === null
        ? null
        : {
            at: new Date(report.at),
            verdict: report.verdict,
            findings: report.findings.map(({ id, package: name, version, severity, fixedIn }) => ({
              id,
              name,
              version,
              severity,
              fixedIn,
            })),
          },
  };
}
