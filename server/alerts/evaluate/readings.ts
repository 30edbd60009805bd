/** What each rule finds now: for which subjects its condition is met, with what value. */
import type { PoolClient } from "pg";
import type { Touched } from "#server/alerts/evaluate/ingest.ts";
import type { StoredRule } from "#server/alerts/evaluate/rows.ts";
import { compares, MAX_SUBJECTS, type Aggregate } from "#server/alerts/policy.ts";
import type { AbsenceCondition, EventCondition, MetricCondition } from "#server/alerts/schema.ts";

export interface Met {
  subject: string;
  /** Null: nothing is measured. */
  value: number | null;
  firstSeq?: number;
  lastSeq?: number;
}

/** `hold`: this round says nothing of the rule. `no_data`: there are no measurements at all. */
export type Reading = { kind: "read"; met: Met[] } | { kind: "hold" } | { kind: "no_data" };

export interface Round {
  client: PoolClient;
  now: Date;
  touched: readonly Touched[];
  /** Rules that something has happened for since the last round. */
  rules: ReadonlySet<string>;
  /** Every few seconds all rules are looked at; in between those alone that something has happened for. */
  isMeasuring: boolean;
}

export async function readingOf(round: Round, rule: StoredRule): Promise<Reading> {
  const { condition } = rule;
  if (condition === null || !(round.isMeasuring || round.rules.has(rule.id))) {
    return { kind: "hold" };
  }
  switch (condition.type) {
    case "event":
      return { kind: "read", met: await eventsMet(round, rule.id, condition) };
    case "anomaly":
      return { kind: "read", met: await anomaliesMet(round, rule.id) };
    case "metric":
      return metricMet(round, condition);
    case "absence":
      return { kind: "read", met: await absenceMet(round, rule, condition) };
  }
}

/** What happened so long ago that it is outside its window by now happened while nobody looked. */
const LATE_MS = 20_000;

async function eventsMet(round: Round, ruleId: string, condition: EventCondition): Promise<Met[]> {
  const { client, now } = round;
  const { rows } = await client.query<Required<Met>>(
    `SELECT subject, sum(count)::float8 AS value, min(first_seq) AS "firstSeq", max(last_seq) AS "lastSeq" FROM alert_match
      WHERE rule_id = $1 AND at > $2::timestamptz - $3::float8 * interval '1 millisecond'
      GROUP BY subject HAVING sum(count) >= $4 ORDER BY 2 DESC, subject LIMIT ${MAX_SUBJECTS}`,
    [ruleId, now, condition.windowMs, condition.count],
  );
  const late = await metThen(round, ruleId, condition);
  const known = new Set(rows.map(({ subject }) => subject));
  return [...rows, ...late.filter(({ subject }) => !known.has(subject))];
}

/** Events that are read late, after an outage: the windows that ended with them. */
async function metThen(
  { client, now, touched }: Round,
  ruleId: string,
  { windowMs, count }: EventCondition,
): Promise<Met[]> {
  const late = touched.filter((one) => one.ruleId === ruleId && now.getTime() - one.at > LATE_MS);
  if (late.length === 0) {
    return [];
  }
  const { rows } = await client.query<Required<Met>>(
    `SELECT subject, max(value)::float8 AS value, min("firstSeq") AS "firstSeq", max("lastSeq") AS "lastSeq" FROM (
       SELECT t.subject, sum(m.count) AS value, min(m.first_seq) AS "firstSeq", max(m.last_seq) AS "lastSeq"
         FROM unnest($2::text[], $3::float8[]) AS t(subject, at)
         JOIN alert_match m ON m.rule_id = $1 AND m.subject = t.subject
          AND m.at <= to_timestamp(t.at / 1000) AND m.at > to_timestamp((t.at - $4) / 1000)
        GROUP BY t.subject, t.at HAVING sum(m.count) >= $5) AS ended
      GROUP BY subject ORDER BY 2 DESC, subject LIMIT ${MAX_SUBJECTS}`,
    [ruleId, late.map(({ subject }) => subject), late.map(({ at }) => at), windowMs, count],
  );
  return rows;
}

/** An anomaly whose end nobody tells is over by itself. */
const LONGEST_ANOMALY = "7 days";

async function anomaliesMet({ client, now }: Round, ruleId: string): Promise<Met[]> {
  const { rows } = await client.query<Required<Met>>(
    `SELECT subject, sum(count)::float8 AS value, min(first_seq) AS "firstSeq", max(last_seq) AS "lastSeq" FROM alert_match
      WHERE rule_id = $1 AND at > $2::timestamptz - interval '${LONGEST_ANOMALY}' GROUP BY subject ORDER BY subject LIMIT ${MAX_SUBJECTS}`,
    [ruleId, now],
  );
  return rows;
}

const MINUTES_KEPT_MS = 48 * 3_600_000;
/** Width of the buckets that a window is read from (seconds): minutes as long as they are kept. */
const bucketSeconds = (windowMs: number): 60 | 3600 => (windowMs <= MINUTES_KEPT_MS ? 60 : 3600);

const AGGREGATE_SQL: Record<Aggregate, string> = {
  sum: "coalesce(sum(sum), 0)",
  count: "coalesce(sum(count), 0)",
  max: "coalesce(max(max), 0)",
  average: "coalesce(sum(sum) / nullif(sum(count), 0), 0)",
};

/** After this long without any bucket nothing is measured. */
const SILENT_MS = 10 * 60_000;

async function metricMet({ client, now }: Round, condition: MetricCondition): Promise<Reading> {
  const { metric, subject, aggregate, windowMs, comparison, threshold } = condition;
  const { rows: last } = await client.query<{ at: Date | null }>(
    "SELECT max(at) AS at FROM metric_bucket WHERE seconds = 60",
  );
  const measuredAt = last[0]?.at ?? null;
  if (measuredAt === null || now.getTime() - measuredAt.getTime() > SILENT_MS + 60_000) {
    return { kind: "no_data" };
  }
  const each = subject.endsWith(":*");
  const { rows } = await client.query<{ subject: string; value: number }>(
    `SELECT ${each ? "subject" : "$2::text AS subject"}, (${AGGREGATE_SQL[aggregate]})::float8 AS value FROM metric_bucket
      WHERE metric = $1 AND ${each ? "starts_with(subject, $2)" : "subject = $2"} AND seconds = $3
        AND at > $4::timestamptz - $5::float8 * interval '1 millisecond' AND at <= $4
      ${each ? "GROUP BY subject" : ""}`,
    [metric, each ? subject.slice(0, -1) : subject, bucketSeconds(windowMs), now, windowMs],
  );
  const met = rows
    .filter(({ value }) => compares(comparison, value, threshold))
    .sort((a, b) => b.value - a.value)
    .slice(0, MAX_SUBJECTS);
  return { kind: "read", met };
}

async function absenceMet({ client, now }: Round, rule: StoredRule, condition: AbsenceCondition): Promise<Met[]> {
  const { of, windowMs } = condition;
  const isSilent = (last: Date | null): boolean =>
    now.getTime() - Math.max(last?.getTime() ?? 0, rule.updatedAt.getTime()) > windowMs;
  const seconds = (last: Date | null): number =>
    Math.round((now.getTime() - (last ?? rule.updatedAt).getTime()) / 1000);
  const { rows } =
    of.kind === "event"
      ? await client.query<{ subject: string; at: Date | null }>(
          "SELECT '' AS subject, max(at) AS at FROM alert_match WHERE rule_id = $1",
          [rule.id],
        )
      : await client.query<{ subject: string; at: Date | null }>(
          of.subject.endsWith(":*")
            ? `SELECT subject, max(at) + interval '1 minute' AS at FROM metric_bucket
                WHERE metric = $1 AND starts_with(subject, $2) AND seconds = 60 AND count > 0 GROUP BY subject`
            : `SELECT $2::text AS subject, max(at) + interval '1 minute' AS at FROM metric_bucket
                WHERE metric = $1 AND subject = $2 AND seconds = 60 AND count > 0`,
          [of.metric, of.subject.replace(/\*$/, "")],
        );
  return rows
    .filter(({ at }) => isSilent(at))
    .slice(0, MAX_SUBJECTS)
    .map(({ subject, at }) => ({ subject, value: seconds(at) }));
}

/** Takes out of `alert_match` what no window reaches any more. @param upTo the present, or how far a backlog is read */
export async function forgetOld(client: PoolClient, rules: readonly StoredRule[], upTo: Date): Promise<void> {
  const windows = rules.flatMap(({ id, condition }) =>
    condition?.type === "event" ? [{ id, ms: condition.windowMs }] : [],
  );
  await client.query(
    `DELETE FROM alert_match m USING unnest($1::text[], $2::float8[]) AS r(id, ms)
      WHERE m.rule_id = r.id AND m.at < $3::timestamptz - r.ms * interval '1 millisecond' - interval '1 minute'`,
    [windows.map(({ id }) => id), windows.map(({ ms }) => ms), upTo],
  );
  const absences = rules.flatMap(({ id, condition }) => (condition?.type === "absence" ? [id] : []));
  await client.query(
    `DELETE FROM alert_match m WHERE m.rule_id = ANY($1)
        AND m.at < (SELECT max(at) FROM alert_match n WHERE n.rule_id = m.rule_id AND n.subject = m.subject)`,
    [absences],
  );
  await client.query("DELETE FROM alert_match WHERE NOT rule_id = ANY($1)", [rules.map(({ id }) => id)]);
}
