/** Looks installed packages up in the sources of advisories and says honestly what could not be looked up. */
import { messageOf } from "#server/core/errors.ts";
import type { AllowsPrivate } from "#server/core/net/outbound-policy.ts";
import { openOutgoing } from "#server/core/net/outgoing.ts";
import { NoAnswer } from "#server/vulnerabilities/fetch-json.ts";
import type { InstalledPackage } from "#server/vulnerabilities/installed.ts";
import { askNpm } from "#server/vulnerabilities/npm-source.ts";
import { findingOf, isAffected, type OsvRecord } from "#server/vulnerabilities/osv-record.ts";
import { askOsv, type OsvAnswer } from "#server/vulnerabilities/osv-source.ts";
import {
  VULNERABILITY_SEVERITIES,
  type VulnerabilityFinding,
  type VulnerabilityPart,
  type VulnerabilityReport,
} from "#server/vulnerabilities/schema.ts";

export interface VulnerabilityOptions {
  /** What is to be looked up; a string says why the packages of that part are not known. */
  parts: Partial<Record<VulnerabilityPart, readonly InstalledPackage[] | string>>;
  /** Address of npm's registry; null = it is not asked. */
  registry: string | null;
  /** Address of OSV's `querybatch`; null = it is not asked. */
  osvUrl: string | null;
  /** Advisories of a file, instead of any service. */
  records?: readonly OsvRecord[];
  allowsPrivate: AllowsPrivate;
  now: Date;
}

type Source = VulnerabilityReport["sources"][number];

interface Asked {
  /** Null = nobody answered. */
  findings: VulnerabilityFinding[] | null;
  sources: Source[];
}

/** Never throws because of a source: what it could not give is in the report. */
export async function checkVulnerabilities(options: VulnerabilityOptions): Promise<VulnerabilityReport> {
  const outgoing = openOutgoing({ allowsPrivate: options.allowsPrivate });
  const report: VulnerabilityReport = {
    at: options.now.toISOString(),
    verdict: "unknown",
    checked: { dependencies: 0, image: 0 },
    sources: [],
    notChecked: [],
    findings: [],
  };
  try {
    for (const part of ["dependencies", "image"] as const) {
      const packages = options.parts[part];
      if (packages === undefined) {
        continue;
      }
      if (typeof packages === "string") {
        report.notChecked.push(`${NAMES[part]}: ${packages}`);
        continue;
      }
      const { findings, sources } = await askAbout(part, packages, options, outgoing);
      report.sources.push(...sources);
      if (findings === null) {
        report.notChecked.push(`${NAMES[part]}: no source of advisories could be reached`);
      } else {
        report.checked[part] = packages.length;
        report.findings.push(...findings);
      }
      sources
        .filter(({ ok, problem }) => ok && problem !== null)
        .forEach(({ problem }) => report.notChecked.push(`${NAMES[part]}: ${problem ?? ""}`));
    }
  } finally {
    await outgoing.close();
  }
  report.findings = inOrder(report.findings);
  report.verdict = verdictOf(report);
  return report;
}

const NAMES: Record<VulnerabilityPart, string> = { dependencies: "dependencies", image: "sandbox image" };

function verdictOf({ findings, notChecked, sources }: VulnerabilityReport): VulnerabilityReport["verdict"] {
  if (findings.length > 0) {
    return "vulnerable";
  }
  if (!sources.some(({ ok }) => ok)) {
    return "unknown";
  }
  return notChecked.length > 0 ? "partial" : "clear";
}

async function askAbout(
  part: VulnerabilityPart,
  packages: readonly InstalledPackage[],
  { registry, osvUrl, records }: VulnerabilityOptions,
  { dispatcher }: ReturnType<typeof openOutgoing>,
): Promise<Asked> {
  if (records !== undefined) {
    const findings = packages.flatMap((one) =>
      records.filter((record) => isAffected(record, one)).map((record) => findingOf(record, one, part)),
    );
    return { findings, sources: [{ name: "file", part, ok: true, problem: null }] };
  }
  const sources: Source[] = [];
  const ask = async (name: Source["name"], work: () => Promise<OsvAnswer>): Promise<VulnerabilityFinding[] | null> => {
    try {
      const { findings, problem } = await work();
      sources.push({ name, part, ok: true, problem });
      return findings;
    } catch (error) {
      if (!(error instanceof NoAnswer)) {
        throw error;
      }
      sources.push({ name, part, ok: false, problem: messageOf(error) });
      return null;
    }
  };
  const fromNpm =
    part === "dependencies" && registry !== null
      ? await ask("npm", async () => ({ findings: await askNpm(registry, packages, dispatcher), problem: null }))
      : null;
  if (fromNpm !== null) {
    return { findings: fromNpm, sources };
  }
  const fromOsv = osvUrl === null ? null : await ask("osv", () => askOsv(osvUrl, packages, part, dispatcher));
  return { findings: fromOsv, sources };
}

const inOrder = (findings: readonly VulnerabilityFinding[]): VulnerabilityFinding[] =>
  [...findings].sort(
    (a, b) =>
      VULNERABILITY_SEVERITIES.indexOf(a.severity) - VULNERABILITY_SEVERITIES.indexOf(b.severity) ||
      a.package.localeCompare(b.package) ||
      a.id.localeCompare(b.id),
  );
