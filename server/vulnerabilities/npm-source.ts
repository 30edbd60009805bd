/** Advisories for npm packages from the registry that npm itself uses: its bulk endpoint, as `npm audit` asks it. */
import { z } from "zod";
import type { Dispatcher } from "undici";
import { fetchJson, NoAnswer } from "#server/vulnerabilities/fetch-json.ts";
import type { InstalledPackage } from "#server/vulnerabilities/installed.ts";
import type { VulnerabilityFinding } from "#server/vulnerabilities/schema.ts";
import { severityOfScore, severityOfWord } from "#server/vulnerabilities/severity.ts";
import { shownText, shownUrl } from "#server/vulnerabilities/shown.ts";
import { fixOfRange, inNpmRange } from "#server/vulnerabilities/versions.ts";

const Advisory = z.object({
  id: z.union([z.string(), z.number()]),
  url: z.string().optional(),
  title: z.string(),
  severity: z.string().optional(),
  vulnerable_versions: z.string().max(10_000),
  cvss: z.object({ score: z.number() }).nullish(),
});
const Answer = z.record(z.string(), z.array(Advisory));

const PATH = "-/npm/v1/security/advisories/bulk";
const LIMIT_MS = 30_000;
const MAX_BYTES = 16 * 1024 * 1024;

/** @throws NoAnswer */
export async function askNpm(
  registry: string,
  packages: readonly InstalledPackage[],
  dispatcher: Dispatcher,
): Promise<VulnerabilityFinding[]> {
  const url = URL.parse(PATH, registry.endsWith("/") ? registry : `${registry}/`);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new NoAnswer("the registry of npm is no http address");
  }
  const versions = new Map<string, Set<string>>();
  for (const { name, version } of packages) {
    versions.set(name, (versions.get(name) ?? new Set()).add(version));
  }
  const body = Object.fromEntries([...versions].map(([name, set]) => [name, [...set]]));
  const parsed = Answer.safeParse(await fetchJson({ url, dispatcher, body, limitMs: LIMIT_MS, maxBytes: MAX_BYTES }));
  if (!parsed.success) {
    throw new NoAnswer(`${url.host} sent something else than advisories`);
  }
  const advisories = new Map(Object.entries(parsed.data));
  return packages.flatMap((one) =>
    (advisories.get(one.name) ?? [])
      // What cannot be judged counts as affected.
      .filter(({ vulnerable_versions: range }) => inNpmRange(one.version, range) !== false)
      .map(({ id, url: page, title, severity, vulnerable_versions: range, cvss }) => ({
        id: shownText(/GHSA(?:-[0-9a-z]{4}){3}/.exec(page ?? "")?.[0] ?? String(id), 60),
        part: "dependencies" as const,
        package: one.name,
        version: one.version,
        ecosystem: "npm",
        path: one.path,
        severity: severity === undefined ? severityOfScore(cvss?.score ?? 0) : severityOfWord(severity),
        title: shownText(title, 200),
        fixedIn: fixOfRange(one.version, range),
        url: shownUrl(page),
      })),
  );
}
