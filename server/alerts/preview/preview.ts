/** When a rule would have fired in the past: over what is stored of measurements and of the record. Reads, and changes nothing. */
import type { Pool } from "pg";
import type { Preview, PreviewRule } from "#server/alerts/console-schema.ts";
import { anomalySubject, ANOMALY_EVENTS, EVENT_COLUMNS } from "#server/alerts/evaluate/ingest.ts";
import { eventNames, subjectOf, weightOf, type SeenEvent } from "#server/alerts/matching.ts";
import { compares, type Aggregate } from "#server/alerts/policy.ts";
import { simulate, slidingSums, type Mark, type Track } from "#server/alerts/preview/simulate.ts";
import { checkDraft } from "#server/alerts/rules/save-rule.ts";
import type {
  AbsenceCondition,
  AnomalyCondition,
  EventCondition,
  EventMatch,
  MetricCondition,
} from "#server/alerts/schema.ts";
import { listSubjects, readSeries } from "#server/metrics/index.ts";
import { METRICS, type MetricName, type SeriesPoint } from "#server/metrics/schema.ts";

interface Period {
  pool: Pool;
  from: number;
  to: number;
}

interface Played {
  tracks: Track[];
  threshold: number | null;
  unit: string;
  note: string | null;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Minutes are kept this long. */
const MINUTES_KEPT_MS = 48 * HOUR_MS;
const MOST_SUBJECTS = 20;
const MOST_EVENTS = 20_000;
const MOST_STEPS = 2_000;

/** @throws AppError INVALID_INPUT naming the field */
export async function previewRule(pool: Pool, { rule, periodMs }: PreviewRule, now: Date): Promise<Preview> {
  checkDraft(rule);
  const to = now.getTime();
  const period = { pool, from: to - periodMs, to };
  const { tracks, ...rest } = await play(period, rule.condition);
  return { from: new Date(period.from), to: now, ...rest, ...simulate(tracks, rule) };
}

function play(period: Period, condition: PreviewRule["rule"]["condition"]): Promise<Played> {
  switch (condition.type) {
    case "metric":
      return playMetric(period, condition);
    case "event":
      return playEvents(period, condition);
    case "anomaly":
      return playAnomalies(period, condition);
    case "absence":
      return playAbsence(period, condition);
  }
}

/** The width of buckets that the period is still known in, and what has to be said of it. */
function widthOf({ from, to }: Period, windowMs: number): { seconds: 60 | 3600; note: string | null } {
  const seconds = to - from + windowMs <= MINUTES_KEPT_MS ? 60 : 3600;
  const note =
    seconds === 3600 && windowMs < HOUR_MS
      ? "Minutes are kept for two days: this period is looked at in whole hours, so short peaks look longer than they were."
      : null;
  return { seconds, note };
}

async function playMetric(period: Period, condition: MetricCondition): Promise<Played> {
  const { aggregate, windowMs, comparison, threshold } = condition;
  const metric = condition.metric as MetricName;
  const { seconds, note } = widthOf(period, windowMs);
  const tracks: Track[] = [];
  for (const subject of await subjectsOf(period, metric, condition.subject)) {
    const from = new Date(period.from - windowMs);
    const series = await readSeries(period.pool, { metric, subject, seconds, from, to: new Date(period.to) });
    const width = Math.max(1, Math.round(windowMs / (seconds * 1000)));
    const samples = series.flatMap(({ at }, index) => {
      const value = aggregated(series.slice(Math.max(0, index - width + 1), index + 1), aggregate);
      const end = at.getTime() + seconds * 1000;
      return end <= period.from ? [] : [{ at: end, value, met: compares(comparison, value, threshold) }];
    });
    tracks.push({ subject, samples });
  }
  return { tracks, threshold, unit: METRICS[metric].unit, note };
}

async function subjectsOf({ pool, from, to }: Period, metric: MetricName, asked: string): Promise<string[]> {
  if (!asked.endsWith(":*")) {
    return [asked];
  }
  const listed = await listSubjects(pool, { metric, from: new Date(from), to: new Date(to), limit: 200 });
  return listed
    .map(({ subject }) => subject)
    .filter((subject) => subject.startsWith(asked.slice(0, -1)))
    .slice(0, MOST_SUBJECTS);
}

function aggregated(buckets: readonly SeriesPoint[], aggregate: Aggregate): number {
  const sum = buckets.reduce((total, bucket) => total + bucket.sum, 0);
  const count = buckets.reduce((total, bucket) => total + bucket.count, 0);
  switch (aggregate) {
    case "sum":
      return sum;
    case "count":
      return count;
    case "max":
      return buckets.reduce((top, { max }) => Math.max(top, max), 0);
    case "average":
      return count === 0 ? 0 : sum / count;
  }
}

function timesOf({ from, to }: Period): number[] {
  const stepMs = Math.max(MINUTE_MS, Math.ceil((to - from) / MOST_STEPS));
  return Array.from({ length: Math.floor((to - from) / stepMs) }, (_, index) => from + (index + 1) * stepMs);
}

async function playEvents(period: Period, condition: EventCondition): Promise<Played> {
  const { match, by, count, windowMs } = condition;
  const { events, note } = await readPast(period, eventNames(match), windowMs);
  const marks = new Map<string, Mark[]>();
  for (const event of events.filter(({ outcome }) => match.outcome === null || match.outcome === outcome)) {
    const subject = subjectOf(event, by);
    marks.set(subject, [...(marks.get(subject) ?? []), { at: event.at, weight: weightOf(event) }]);
  }
  const times = timesOf(period);
  const heaviest = [...marks].sort((a, b) => weighed(b[1]) - weighed(a[1])).slice(0, MOST_SUBJECTS);
  const tracks = heaviest.map(([subject, seen]): Track => {
    const sums = slidingSums(seen, times, windowMs);
    return {
      subject,
      samples: times.map((at, index) => ({ at, value: sums[index] ?? 0, met: (sums[index] ?? 0) >= count })),
    };
  });
  return { tracks, threshold: count, unit: "events", note };
}

const weighed = (marks: readonly Mark[]): number => marks.reduce((sum, { weight }) => sum + weight, 0);

async function playAnomalies(period: Period, condition: AnomalyCondition): Promise<Played> {
  const { events, note } = await readPast(period, Object.values(ANOMALY_EVENTS), 0);
  const changes = new Map<string, { at: number; on: boolean }[]>();
  for (const event of events) {
    const subject = anomalySubject(condition, event);
    if (subject !== null) {
      const change = { at: event.at, on: event.event === ANOMALY_EVENTS.began };
      changes.set(subject, [...(changes.get(subject) ?? []), change]);
    }
  }
  const times = timesOf(period);
  const tracks = [...changes].slice(0, MOST_SUBJECTS).map(([subject, seen]): Track => ({
    subject,
    samples: times.map((at) => {
      const on = seen.findLast((change) => change.at <= at)?.on === true;
      return { at, value: on ? 1 : 0, met: on };
    }),
  }));
  return { tracks, threshold: null, unit: "anomalies", note };
}

async function playAbsence(period: Period, { of, windowMs }: AbsenceCondition): Promise<Played> {
  const { marks, note } =
    of.kind === "event" ? await eventMarks(period, of.match, windowMs) : await metricMarks(period, of, windowMs);
  // What was before the period nobody has looked at: the silence begins with it.
  let last = period.from;
  let next = 0;
  const samples = timesOf(period).map((at) => {
    for (let mark = marks[next]; mark !== undefined && mark <= at; mark = marks[next]) {
      last = Math.max(last, mark);
      next += 1;
    }
    return { at, value: (at - last) / MINUTE_MS, met: at - last > windowMs };
  });
  return { tracks: [{ subject: "", samples }], threshold: windowMs / MINUTE_MS, unit: "minutes", note };
}

interface Marks {
  marks: number[];
  note: string | null;
}

async function eventMarks(period: Period, match: EventMatch, windowMs: number): Promise<Marks> {
  const { events, note } = await readPast(period, eventNames(match), windowMs);
  const fitting = events.filter(({ outcome }) => match.outcome === null || match.outcome === outcome);
  return { marks: fitting.map(({ at }) => at), note };
}

async function metricMarks(
  period: Period,
  { metric, subject }: { metric: string; subject: string },
  windowMs: number,
): Promise<Marks> {
  const { seconds, note } = widthOf(period, windowMs);
  const series = await readSeries(period.pool, {
    metric: metric as MetricName,
    subject: subject.endsWith(":*") ? "" : subject,
    seconds,
    from: new Date(period.from - windowMs),
    to: new Date(period.to),
  });
  const marks = series.flatMap(({ at, count }) => (count > 0 ? [at.getTime() + seconds * 1000] : []));
  return { marks, note };
}

/** Events of the period and of the window before it, oldest first. The hourly counts say from which row on they can stand. */
async function readPast(
  { pool, from, to }: Period,
  names: readonly string[],
  windowMs: number,
): Promise<{ events: SeenEvent[]; note: string | null }> {
  const { rows } = await pool.query<SeenEvent>(
    `SELECT ${EVENT_COLUMNS} FROM audit_event
      WHERE event = ANY($1) AND at >= $2 AND at <= $3
        AND seq >= (SELECT coalesce(min(min_seq), 0) FROM audit_tally WHERE hour >= $2::timestamptz - interval '1 hour')
      ORDER BY seq DESC LIMIT ${MOST_EVENTS + 1}`,
    [names, new Date(from - windowMs), new Date(to)],
  );
  const note = rows.length > MOST_EVENTS ? `Only the last ${MOST_EVENTS} events are looked at.` : null;
  const events = rows.slice(0, MOST_EVENTS).sort((a, b) => a.at - b.at);
  return { events, note };
}
