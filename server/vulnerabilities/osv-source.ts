/** Advisories from a service with the API of OSV (https://google.github.io/osv.dev/api/): a batch of questions, then each record once. */
import { z } from "zod";
import type { Dispatcher } from "undici";
import { fetchJson, NoAnswer } from "#server/vulnerabilities/fetch-json.ts";
import type { InstalledPackage } from "#server/vulnerabilities/installed.ts";
import { findingOf, isAffected, OsvRecord, partsFor } from "#server/vulnerabilities/osv-record.ts";
import type { VulnerabilityFinding, VulnerabilityPart } from "#server/vulnerabilities/schema.ts";

/** What the service takes in one call. */
const BATCH = 1_000;
const PARALLEL = 8;
/** Pages of one question; more means a service that does not end. */
const MAX_PAGES = 10;
/** Records that are fetched one by one. */
const MAX_RECORDS = 2_000;
const LIMIT_MS = 30_000;
const MAX_BYTES = 16 * 1024 * 1024;

const BatchAnswer = z.object({
  results: z
    .array(
      z.object({
        vulns: z
          .array(z.object({ id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$/) }))
          .max(10_000)
          .optional(),
        next_page_token: z.string().max(10_000).optional(),
      }),
    )
    .max(BATCH),
});

export interface OsvAnswer {
  findings: VulnerabilityFinding[];
  /** Set when the answer is not whole. */
  problem: string | null;
}

/** @param address of `querybatch`; records are asked for beside it. @throws NoAnswer */
export async function askOsv(
  address: string,
  packages: readonly InstalledPackage[],
  part: VulnerabilityPart,
  dispatcher: Dispatcher,
): Promise<OsvAnswer> {
  const url = URL.parse(address);
  if (url === null) {
    throw new NoAnswer("security.vulnerabilities.osvUrl is no address");
  }
  const idsOf = await askBatches(url, packages, dispatcher);
  const ids = [...new Set([...idsOf.values()].flat())];
  const { records, failed } = await fetchRecords(url, ids.slice(0, MAX_RECORDS), dispatcher);
  const left = Math.max(0, ids.length - MAX_RECORDS);
  const findings = packages.flatMap((one) =>
    (idsOf.get(one) ?? []).flatMap((id) => {
      const record = records.get(id);
      if (record === undefined) {
        return [unread(id, one, part)];
      }
      // The service has matched the version; a record that does not name the package is believed all the same.
      return partsFor(record, one).length > 0 && !isAffected(record, one) ? [] : [findingOf(record, one, part)];
    }),
  );
  const missing = failed + left;
  return {
    findings,
    problem: missing === 0 ? null : `${missing} of ${ids.length} advisories could not be read; they are listed by id`,
  };
}

async function askBatches(
  url: URL,
  packages: readonly InstalledPackage[],
  dispatcher: Dispatcher,
): Promise<Map<InstalledPackage, string[]>> {
  const idsOf = new Map<InstalledPackage, string[]>();
  let open = packages.map((one): { one: InstalledPackage; token?: string } => ({ one }));
  for (let page = 0; open.length > 0; page += 1) {
    if (page >= MAX_PAGES) {
      throw new NoAnswer(`${url.host} has more pages than ${MAX_PAGES} for one question`);
    }
    const next: typeof open = [];
    for (let at = 0; at < open.length; at += BATCH) {
      const asked = open.slice(at, at + BATCH);
      const queries = asked.map(({ one: { name, ecosystem, version }, token }) => ({
        package: { name, ecosystem },
        version,
        ...(token === undefined ? {} : { page_token: token }),
      }));
      const parsed = BatchAnswer.safeParse(
        await fetchJson({ url, dispatcher, body: { queries }, limitMs: LIMIT_MS, maxBytes: MAX_BYTES }),
      );
      if (!parsed.success || parsed.data.results.length !== asked.length) {
        throw new NoAnswer(`${url.host} sent something else than results`);
      }
      parsed.data.results.forEach(({ vulns, next_page_token: token }, index) => {
        const one = asked[index]?.one;
        if (one !== undefined) {
          idsOf.set(one, [...(idsOf.get(one) ?? []), ...(vulns ?? []).map(({ id }) => id)]);
          if (token !== undefined && token !== "") {
            next.push({ one, token });
          }
        }
      });
    }
    open = next;
  }
  return idsOf;
}

async function fetchRecords(
  url: URL,
  ids: readonly string[],
  dispatcher: Dispatcher,
): Promise<{ records: Map<string, OsvRecord>; failed: number }> {
  const records = new Map<string, OsvRecord>();
  const waiting = [...ids];
  const take = async (): Promise<void> => {
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      const at = new URL(`vulns/${encodeURIComponent(id)}`, url);
      const found = await fetchJson({ url: at, dispatcher, limitMs: LIMIT_MS, maxBytes: MAX_BYTES }).catch(() => null);
      const record = OsvRecord.safeParse(found);
      if (record.success) {
        records.set(id, record.data);
      }
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, take));
  return { records, failed: ids.length - records.size };
}

const unread = (
  id: string,
  { name, version, ecosystem, path }: InstalledPackage,
  part: VulnerabilityPart,
): VulnerabilityFinding => ({
  id,
  part,
  package: name,
  version,
  ecosystem,
  path,
  severity: "unknown",
  title: "The advisory itself could not be read",
  fixedIn: null,
  url: null,
});
