/** Collects what a report tells, from the tally and from the rows of its period. */
import type { Pool } from "pg";
import { conditionsOf, type SeqRange } from "#server/audit/reading/conditions.ts";
import { AuditFilter, type AuditSearch } from "#server/audit/filter.ts";
import { countWaiting } from "#server/audit/intake.ts";
import { listEvents, type AuditEntry } from "#server/audit/reading/query.ts";
import { readHeadSeq, readSealedRow } from "#server/audit/sealed-rows.ts";
import type { Group, IntegrityFacts, Period, ReportFacts } from "#server/audit/report/schema.ts";
import { histogram, HOUR_MS, readTally } from "#server/audit/reading/tally.ts";

/** Bars a chart has room for. */
const BARS = 30;
const TOP = 10;
const LATEST = 25;
/** A single record that claims to stand for more than this is not believed. */
const MOST_IN_ONE = 1_000_000;

/** Whole hours, since the tally knows no smaller ones: the last one is the running hour. @param lastMs how far back; an hour at least. */
export function reportPeriod(now: Date, lastMs: number): Period {
  const untilMs = Math.ceil((now.getTime() + 1) / HOUR_MS) * HOUR_MS;
  const sinceMs = Math.floor((now.getTime() - lastMs) / HOUR_MS) * HOUR_MS;
  return { since: new Date(sinceMs), until: new Date(untilMs) };
}

export async function readReportFacts(pool: Pool, period: Period, generatedAt: Date): Promise<ReportFacts> {
  const lengthMs = period.until.getTime() - period.since.getTime();
  const before = { since: new Date(period.since.getTime() - lengthMs), until: period.since };
  const hours = lengthMs / HOUR_MS;
  const bucketHours = barHours(hours);
  const { range } = await readTally(pool, period);
  const group = (search: AuditSearch, columns: readonly Column[], limit = TOP): Promise<Group[]> =>
    range === null ? Promise.resolve([]) : groupsOf(pool, { ...search, ...period }, range, columns, limit);
  const latest = (search: AuditSearch): Promise<AuditEntry[]> => latestOf(pool, { ...search, ...period });
  return {
    generatedAt,
    period,
    before,
    bucketHours,
    buckets: await histogram(pool, period, bucketHours),
    bucketsBefore: await histogram(pool, before, hours),
    failuresByReason: await group({ kind: "authentication_failure" }, ["event", "reason"]),
    failuresByAddress: await group({ kind: "authentication_failure" }, ["address"]),
    denials: await group({ kind: "authorization_denied" }, ["subject", "event", "reason", "because"]),
    limits: await group({ kind: "rate_limit_exceeded" }, ["subject", "reason", "because"]),
    runEnds: await group({ event: "run.ended" }, ["outcome", "reason"]),
    fileEvents: await group({ event: "file." }, ["event", "reason"]),
    errors: await group({ kind: "errors" }, ["event", "reason"]),
    incidents: await latest({ event: "sandbox." }),
    critical: await latest({ level: "critical" }),
    tokens: await latest({ event: "token.", kind: "config_changes" }),
    changes: await latest({ kind: "config_changes" }),
    integrity: await readIntegrity(pool),
  };
}

const BAR_WIDTHS = [1, 2, 3, 6, 12, 24, 48, 168, 336, 720];

function barHours(hours: number): number {
  return BAR_WIDTHS.find((width) => hours / width <= BARS) ?? Math.ceil(hours / BARS);
}

const COLUMNS = {
  event: "event",
  reason: "reason",
  because: "because",
  address: "address",
  outcome: "outcome",
  /** On whose account it went: the end user, or else whoever acted. */
  subject: "coalesce(user_id, actor_id)",
} as const;
type Column = keyof typeof COLUMNS;

async function groupsOf(
  pool: Pool,
  search: AuditSearch,
  range: SeqRange,
  columns: readonly Column[],
  limit: number,
): Promise<Group[]> {
  const { branches, where, values } = conditionsOf(search, range);
  if (branches.length === 0) {
    return [];
  }
  const places = columns.map((_column, index) => index + 1).join(", ");
  const { rows } = await pool.query<Group>(
    `SELECT json_build_array(${columns.map((_column, index) => `c${index}`).join(", ")}) AS values, count, last FROM (
       SELECT ${columns.map((column, index) => `${COLUMNS[column]} AS c${index}`).join(", ")},
         sum(CASE WHEN jsonb_typeof(data->'count') = 'number'
           THEN least(greatest((data->>'count')::numeric, 1), ${MOST_IN_ONE}) ELSE 1 END)::float8 AS count,
         to_char(max(at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS last
       FROM audit_event WHERE (${branches.join(" OR ")}) AND ${where}
       GROUP BY ${places} ORDER BY count DESC, ${places} LIMIT ${limit}) AS ranked`,
    values,
  );
  return rows;
}

/** Newest first; goes on where a page stopped early. */
async function latestOf(pool: Pool, search: AuditSearch): Promise<AuditEntry[]> {
  const found: AuditEntry[] = [];
  for (let before: number | undefined; found.length < LATEST;) {
    const page = await listEvents(pool, AuditFilter.parse({ ...search, before, limit: LATEST - found.length }));
    found.push(...page.events);
    if (page.next === null) {
      break;
    }
    before = page.next;
  }
  return found;
}

/** What stands behind the record now: its head, what is signed, what waits. */
export async function readIntegrity(pool: Pool): Promise<IntegrityFacts> {
  const head = await readHeadSeq(pool);
  const checkpoints = await pool.query<{ rows: number; signedAt: Date }>(
    'SELECT seq AS rows, created_at AS "signedAt" FROM audit_checkpoint ORDER BY seq DESC LIMIT 1',
  );
  const removals = await pool.query<{ upTo: number; removedAt: Date }>(
    `SELECT to_seq AS "upTo", removed_at AS "removedAt" FROM audit_removal ORDER BY to_seq DESC LIMIT ${TOP}`,
  );
  const uncovered = await readSealedRow(pool, (checkpoints.rows[0]?.rows ?? 0) + 1);
  return {
    head,
    headHash: (await readSealedRow(pool, head))?.hash.toString("hex") ?? null,
    waiting: await countWaiting(pool),
    checkpoint: checkpoints.rows[0] ?? null,
    uncoveredSince: uncovered === undefined ? null : new Date(uncovered.row.at),
    removals: removals.rows,
  };
}
