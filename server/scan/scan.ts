/** One scan, from facts to report. */
import type { Check } from "#server/scan/check.ts";
import { gatherFacts, type ScanSurroundings } from "#server/scan/facts/gather.ts";
import { judge } from "#server/scan/judge.ts";
import { gradeOf, scoreOf, splitSuppressed, type LiveSuppression } from "#server/scan/policy.ts";
import { CHECKS } from "#server/scan/registry.ts";
import type { ScanArea } from "#server/scan/policy.ts";
import type { NotChecked, ScanReport } from "#server/scan/schema.ts";
import { liveSuppressions } from "#server/scan/suppress.ts";
import { messageOf } from "#server/core/errors.ts";

export interface ScanOptions extends ScanSurroundings {
  /** Only checks of these areas; absent = all. */
  only?: readonly ScanArea[] | undefined;
  skip?: readonly ScanArea[] | undefined;
}

export async function scan({ only, skip, ...surroundings }: ScanOptions): Promise<ScanReport> {
  const begun = performance.now();
  const [facts, { suppressions, unread }] = await Promise.all([
    gatherFacts(surroundings),
    readSuppressions(surroundings),
  ]);
  const checks = CHECKS.filter(
    ({ area }: Check) => (only === undefined || only.includes(area)) && !(skip ?? []).includes(area),
  );
  const { findings: all, notChecked, checksRun } = judge(facts, checks);
  const { findings, suppressed } = splitSuppressed(all, suppressions, facts.at);
  const score = scoreOf(findings);
  return {
    at: facts.at,
    score,
    grade: gradeOf(score),
    complete: notChecked.length === 0,
    checksRun,
    durationMs: Math.round(performance.now() - begun),
    findings,
    suppressed,
    notChecked: [...notChecked, ...unread],
  };
}

/** Where they cannot be read, nothing is suppressed, and the report says so. */
async function readSuppressions({
  database,
  now,
}: ScanSurroundings): Promise<{ suppressions: LiveSuppression[]; unread: NotChecked[] }> {
  const notRead = (why: string) => ({
    suppressions: [],
    unread: [{ source: "suppressions (none is applied)", why, checks: [] }],
  });
  if (database === null) {
    return notRead("the gateway does not run");
  }
  try {
    return { suppressions: await liveSuppressions(database.db, now), unread: [] };
  } catch (error) {
    return notRead(messageOf(error));
  }
}
