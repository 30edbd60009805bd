/** Facts → findings. Pure. */
import { createHash } from "node:crypto";
import { formatPath } from "#server/config/index.ts";
import type { Check, Hit } from "#server/scan/check.ts";
import type { ScanFacts, SourceName, Sources } from "#server/scan/facts/sources.ts";
import { SOURCE_LABELS } from "#server/scan/facts/sources.ts";
import { bySeverity } from "#server/scan/policy.ts";
import type { NotChecked, ScanFinding } from "#server/scan/schema.ts";
import { shown } from "#server/scan/shown.ts";

/** One check says no more than this; the last one says how many are left out. */
const MAX_FINDINGS = 50;

export interface Judgement {
  /** Worst first, then as the checks stand in the registry. */
  findings: ScanFinding[];
  notChecked: NotChecked[];
  checksRun: number;
}

export function judge(facts: ScanFacts, checks: readonly Check[]): Judgement {
  const missing = new Map<SourceName, string[]>();
  const findings: ScanFinding[] = [];
  let checksRun = 0;
  for (const check of checks) {
    const unread = check.needs.filter((name) => !facts.sources[name].read);
    if (unread.length > 0) {
      unread.slice(0, 1).forEach((name) => missing.set(name, [...(missing.get(name) ?? []), check.id]));
      continue;
    }
    checksRun += 1;
    const hits = check.run(valuesOf(facts, check.needs), facts.at);
    findings.push(...hits.slice(0, MAX_FINDINGS).map((hit) => findingOf(check, hit, facts)));
    if (hits.length > MAX_FINDINGS) {
      findings.push(findingOf(check, manyMore(hits.length - MAX_FINDINGS), facts));
    }
  }
  return {
    findings: findings.sort(bySeverity),
    checksRun,
    notChecked: [...missing].map(([name, ids]) => ({
      source: SOURCE_LABELS[name],
      why: shown(whyOf(facts, name)),
      checks: ids,
    })),
  };
}

const manyMore = (count: number): Hit => ({
  subject: "further findings",
  evidence: `${count} more of this kind.`,
  fix: "Correct those above, then scan again.",
});

/** Exactly what the check said it needs: anything else it reaches for is a fault of the check. */
function valuesOf(facts: ScanFacts, needs: readonly SourceName[]): Sources {
  const entries = needs.flatMap((name) => {
    const reading = facts.sources[name];
    return reading.read ? [[name, reading.value] as const] : [];
  });
  return Object.fromEntries(entries) as unknown as Sources;
}

function whyOf(facts: ScanFacts, name: SourceName): string {
  const reading = facts.sources[name];
  return reading.read ? "" : reading.why;
}

function findingOf(check: Check, hit: Hit, { file, place }: ScanFacts): ScanFinding {
  const configPath = hit.placed?.path ?? (hit.path === undefined ? null : formatPath(hit.path));
  const position = hit.placed ?? (hit.path === undefined ? null : place(hit.path));
  const location =
    configPath !== null
      ? { file, line: position?.line ?? null, column: position?.column ?? null }
      : hit.file === undefined
        ? null
        : { file: hit.file, line: null, column: null };
  return {
    id: check.id,
    severity: hit.severity ?? check.severity,
    area: check.area,
    title: check.title,
    why: check.why,
    subject: shown(hit.subject, 300),
    evidence: shown(hit.evidence),
    configPath: configPath === null || configPath === "" ? null : shown(configPath, 300),
    location: location === null ? null : { ...location, file: shown(location.file) },
    fix: { text: shown(hit.fix), command: hit.command === undefined ? null : shown(hit.command) },
    fingerprint: createHash("sha256").update(`${check.id}\0${hit.subject}`).digest("hex").slice(0, 32),
    fixable: hit.fixable ?? false,
  };
}
