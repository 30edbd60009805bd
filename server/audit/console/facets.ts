/** What there is among the events that a search finds: values with their counts. Exact where the tally knows, otherwise of the newest ones. */
import type { Pool } from "pg";
import type { Facets } from "#server/audit/console/schema.ts";
import { titleOf } from "#server/audit/describe/describe.ts";
import type { AuditSearch } from "#server/audit/filter.ts";
import { countEvents, isInTally } from "#server/audit/reading/count.ts";
import { newestSeqs } from "#server/audit/reading/newest-seqs.ts";
import { histogram } from "#server/audit/reading/tally.ts";
import { SEVERITIES } from "#server/audit/schema.ts";
import { isAuditEvent, meaningOf } from "#server/audit/events.ts";
import type { Qualifier } from "#server/audit/search/terms.ts";

/** Values with their counts, in any order. */
type Counts = Map<string, number>;

/** By the column of the record. The first four follow from the tally. */
const COLUMNS = {
  outcome: "outcome",
  severity: "severity",
  kind: "kind",
  event: "event",
  user: "user_id",
  actor: "actor_id",
  channel: "channel",
  reason: "reason",
  address: "address",
} as const satisfies Partial<Record<Qualifier, string>>;
type FacetName = keyof typeof COLUMNS;
const NAMES = Object.keys(COLUMNS) as FacetName[];

const TITLES: Record<FacetName, string> = {
  outcome: "Outcome",
  severity: "Severity",
  kind: "Kind",
  event: "Event",
  user: "User",
  actor: "Actor",
  channel: "Channel",
  reason: "Reason",
  address: "Address",
};

/** Values that are shown of each. */
const TOP = 10;
/** Wide enough for all time in one bucket of the tally. */
const ALL_HOURS = 24 * 366 * 10_000;

export async function readFacets(pool: Pool, search: AuditSearch): Promise<Facets> {
  const total = await countEvents(pool, search);
  const { seqs, more } = await newestSeqs(pool, search);
  const sampled = await countsOf(pool, seqs);
  const known = isInTally(search) ? await tallyCounts(pool, search) : null;
  const facets = NAMES.map((name) => {
    const counts = known?.get(name) ?? sampled.get(name) ?? new Map<string, number>();
    const atLeast = more && known?.get(name) === undefined;
    const values = name === "severity" ? rising(counts) : ranked(counts);
    return {
      qualifier: name,
      title: TITLES[name],
      values: values.slice(0, TOP).map(([value, count]) => ({ value, label: labelOf(name, value), count })),
      more: values.length > TOP,
      atLeast,
    };
  });
  return { ...total, facets: facets.filter(({ values }) => values.length > 0) };
}

async function countsOf(pool: Pool, seqs: readonly number[]): Promise<Map<FacetName, Counts>> {
  const counts = new Map<FacetName, Counts>();
  if (seqs.length === 0) {
    return counts;
  }
  const columns = Object.values(COLUMNS);
  const parts = NAMES.map(
    (name) =>
      `SELECT '${name}' AS facet, ${COLUMNS[name]} AS value, count(*) AS count FROM found WHERE ${COLUMNS[name]} IS NOT NULL GROUP BY 2`,
  );
  const { rows } = await pool.query<{ facet: FacetName; value: string; count: number }>(
    `WITH found AS MATERIALIZED (SELECT ${columns.join(", ")} FROM audit_event WHERE seq = ANY($1::bigint[]))
     ${parts.join(" UNION ALL ")}`,
    [seqs],
  );
  for (const { facet, value, count } of rows) {
    add(counts, facet, value, count);
  }
  return counts;
}

async function tallyCounts(pool: Pool, search: AuditSearch): Promise<Map<FacetName, Counts>> {
  const counts = new Map<FacetName, Counts>();
  for (const { event, outcome, count } of await histogram(pool, search, ALL_HOURS)) {
    add(counts, "event", event, count);
    add(counts, "outcome", outcome, count);
    if (isAuditEvent(event)) {
      add(counts, "kind", meaningOf(event).kind, count);
      add(counts, "severity", meaningOf(event).severity, count);
    }
  }
  return counts;
}

function add(all: Map<FacetName, Counts>, name: FacetName, value: string, count: number): void {
  const counts = all.get(name) ?? new Map<string, number>();
  counts.set(value, (counts.get(value) ?? 0) + count);
  all.set(name, counts);
}

const ranked = (counts: Counts): [string, number][] =>
  [...counts].sort(([a, many], [b, few]) => few - many || (a < b ? -1 : 1));

/** `severity:warn` also finds what is graver, so that is counted with it. */
function rising(counts: Counts): [string, number][] {
  return SEVERITIES.map((severity, index): [string, number] => {
    const graver = SEVERITIES.slice(index).reduce((sum, name) => sum + (counts.get(name) ?? 0), 0);
    return [severity, graver];
  }).filter(([, count]) => count > 0);
}

function labelOf(name: FacetName, value: string): string {
  switch (name) {
    case "event":
      return titleOf(value);
    case "kind":
    case "reason":
      return value.replaceAll("_", " ");
    case "severity":
      return value === "info" ? "any" : value === "critical" ? value : `${value} or graver`;
    default:
      return value;
  }
}
