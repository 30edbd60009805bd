/** Records in the format of OSV (https://ossf.github.io/osv-schema/), from its service or from a file: whom they concern. Pure. */
import { z } from "zod";
import type { InstalledPackage } from "#server/vulnerabilities/installed.ts";
import type { VulnerabilityFinding, VulnerabilityPart, VulnerabilitySeverity } from "#server/vulnerabilities/schema.ts";
import { cvss3Score, severityOfScore, severityOfWord } from "#server/vulnerabilities/severity.ts";
import { shownText, shownUrl } from "#server/vulnerabilities/shown.ts";
import { compareVersions } from "#server/vulnerabilities/versions.ts";

const Event = z.object({
  introduced: z.string().optional(),
  fixed: z.string().optional(),
  last_affected: z.string().optional(),
});
const Affected = z.object({
  package: z.object({ ecosystem: z.string(), name: z.string() }).optional(),
  ranges: z
    .array(z.object({ type: z.string(), events: z.array(Event).max(10_000) }))
    .max(1_000)
    .optional(),
  versions: z.array(z.string()).max(100_000).optional(),
  ecosystem_specific: z.object({ urgency: z.string().nullish(), severity: z.string().nullish() }).loose().nullish(),
});
export const OsvRecord = z.object({
  id: z.string().max(200),
  summary: z.string().nullish(),
  details: z.string().nullish(),
  withdrawn: z.string().nullish(),
  severity: z.array(z.object({ type: z.string(), score: z.string() })).nullish(),
  database_specific: z.object({ severity: z.unknown() }).loose().nullish(),
  affected: z.array(Affected).max(10_000).optional(),
  references: z.array(z.object({ type: z.string(), url: z.string() })).nullish(),
});
export type OsvRecord = z.infer<typeof OsvRecord>;

type AffectedPart = z.infer<typeof Affected>;

/** `Debian:12` of a package is also meant by `Debian`. */
const concerns = (ecosystem: string, own: string): boolean =>
  ecosystem === own || ecosystem === (own.split(":")[0] ?? "");

/** The parts of a record that name this package. */
export const partsFor = ({ affected }: OsvRecord, { name, ecosystem }: InstalledPackage): AffectedPart[] =>
  (affected ?? []).filter(
    ({ package: of }) => of !== undefined && of.name === name && concerns(of.ecosystem, ecosystem),
  );

/** Whether the installed version is affected. What cannot be compared counts as affected. */
export function isAffected(record: OsvRecord, installed: InstalledPackage): boolean {
  if (typeof record.withdrawn === "string") {
    return false;
  }
  return partsFor(record, installed).some(({ versions, ranges }) => {
    const comparable = (ranges ?? []).filter(({ type }) => type !== "GIT");
    return (
      versions?.includes(installed.version) === true ||
      comparable.some(({ events }) => inEvents(events, installed)) ||
      // Without versions and ranges the whole package is meant.
      ((versions ?? []).length === 0 && comparable.length === 0)
    );
  });
}

type EventPart = z.infer<typeof Event>;

/** Intervals from each `introduced` to the next `fixed` (excluded) or `last_affected` (included). */
function inEvents(events: readonly EventPart[], { ecosystem, version }: InstalledPackage): boolean {
  const order = (bound: string): number | null => compareVersions(ecosystem, version, bound);
  let inside = false;
  for (const { introduced, fixed, last_affected: last } of sorted(events, ecosystem)) {
    if (introduced !== undefined && (introduced === "0" || (order(introduced) ?? 0) >= 0)) {
      inside = true;
    } else if (fixed !== undefined && inside && (order(fixed) ?? -1) >= 0) {
      inside = false;
    } else if (last !== undefined && inside && (order(last) ?? 0) > 0) {
      inside = false;
    }
  }
  return inside;
}

function sorted(events: readonly EventPart[], ecosystem: string): EventPart[] {
  const bound = ({ introduced, fixed, last_affected: last }: EventPart): string => introduced ?? fixed ?? last ?? "0";
  return [...events].sort((a, b) =>
    bound(a) === "0" ? -1 : bound(b) === "0" ? 1 : (compareVersions(ecosystem, bound(a), bound(b)) ?? 0),
  );
}

/** The nearest fix above the installed version. */
function fixFor(record: OsvRecord, installed: InstalledPackage): string | null {
  const fixes = partsFor(record, installed)
    .flatMap(({ ranges }) => (ranges ?? []).flatMap(({ type, events }) => (type === "GIT" ? [] : events)))
    .flatMap(({ fixed }) => (fixed === undefined ? [] : [fixed]))
    .filter((fixed) => (compareVersions(installed.ecosystem, fixed, installed.version) ?? 1) > 0)
    .sort((a, b) => compareVersions(installed.ecosystem, a, b) ?? 0);
  return fixes[0] === undefined ? null : shownText(fixes[0], 100);
}

function severityOf(record: OsvRecord, installed: InstalledPackage): VulnerabilitySeverity {
  const stated = record.database_specific?.severity;
  const specific = partsFor(record, installed).map(({ ecosystem_specific: own }) => own);
  const word = severityOfWord(
    typeof stated === "string" ? stated : null,
    ...specific.flatMap((own) => [own?.severity, own?.urgency]),
  );
  if (word !== "unknown") {
    return word;
  }
  const scores = (record.severity ?? []).flatMap(({ score }) => cvss3Score(score) ?? []);
  return scores.length === 0 ? "unknown" : severityOfScore(Math.max(...scores));
}

export function findingOf(
  record: OsvRecord,
  installed: InstalledPackage,
  part: VulnerabilityPart,
): VulnerabilityFinding {
  const { name, version, ecosystem, path } = installed;
  const summary = record.summary ?? record.details ?? "";
  return {
    id: shownText(record.id, 60),
    part,
    package: name,
    version,
    ecosystem,
    path,
    severity: severityOf(record, installed),
    title: shownText(summary === "" ? "No summary" : summary, 200),
    fixedIn: fixFor(record, installed),
    url: shownUrl((record.references ?? []).find(({ type }) => type === "ADVISORY")?.url ?? undefined),
  };
}

const RecordFile = z.union([
  z.array(OsvRecord),
  z.object({ vulns: z.array(OsvRecord) }).transform(({ vulns }) => vulns),
  OsvRecord.transform((record) => [record]),
]);

/** A file of advisories: a list of records, `{vulns: […]}`, or one record. @throws SyntaxError, ZodError */
export const parseRecords = (text: string): OsvRecord[] => RecordFile.parse(JSON.parse(text));
