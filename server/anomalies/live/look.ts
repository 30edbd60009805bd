/**
 * One round of the watch: whatever became complete since the last one, metric by metric, each in one transaction with its detectors, its
 * episodes and their events. A process that dies leaves the last whole transaction; the next goes on exactly there.
 */
import type { ClientBase, Pool } from "pg";
import { eventsBehind, explain, figure } from "#server/anomalies/evidence.ts";
import { forgetOthers, insertEpisode, loadKept, saveSeries, updateEpisode } from "#server/anomalies/live/store.ts";
import { MetricWatch, stepMs, TOTAL, type Change, type Episode, type Measured } from "#server/anomalies/watch.ts";
import { recordEventsOn } from "#server/audit/index.ts";
import { inTransaction } from "#server/core/db/in-transaction.ts";
import { randomId } from "#server/core/ids.ts";
import { listSubjects, readSeries } from "#server/metrics/index.ts";
import { valueOf, type BucketSeconds, type MetricName } from "#server/metrics/schema.ts";

/** Buckets of a minute are complete this long after it: events are sealed, and counted, a little after they happened. */
const SETTLE_MS = 60_000;
/** How far back a metric that was never watched is learnt from: minutes are kept for two days, hours for long. */
const LEARN_MS: Record<60 | 3600, number> = { 60: 47 * 3_600_000, 3600: 14 * 86_400_000 };
/** Looks in one transaction, so that a long absence is caught up with in parts. */
const MAX_LOOKS = 100;
/** Windows longer than this are put together from hours. */
const MINUTES_MS = 12 * 3_600_000;
const SUBJECTS_READ = 500;
const LOCK = "anomaly-watch";
const ACTOR = { type: "system", id: "anomalies" } as const;

export interface WatchSettings {
  threshold: number;
  windowMs: number;
  metrics: readonly MetricName[];
}

/**
 * Looks at everything that is complete at `now`.
 *
 * @param stopped - asked between parts
 * @returns whether this process did it; false when another one is at it
 */
export async function lookAround(
  pool: Pool,
  settings: WatchSettings,
  now: number,
  stopped: () => boolean = () => false,
): Promise<boolean> {
  for (const metric of settings.metrics) {
    let more = true;
    while (more) {
      if (stopped()) return true;
      const part = await inTransaction(pool, async (client) =>
        (await holdsLock(client)) ? lookAtPart(client, metric, settings, now) : undefined,
      );
      if (part === undefined) return false;
      more = part;
    }
  }
  await inTransaction(pool, async (client) => {
    if (await holdsLock(client)) await forgetOthers(client, settings.metrics, now);
  });
  return true;
}

async function holdsLock(client: ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ held: boolean }>(
    "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS held",
    [LOCK],
  );
  return rows[0]?.held === true;
}

/** @returns whether more is complete than was looked at */
async function lookAtPart(
  client: ClientBase,
  metric: MetricName,
  { threshold, windowMs }: WatchSettings,
  now: number,
): Promise<boolean> {
  const seconds = windowMs > MINUTES_MS ? 3600 : 60;
  const step = stepMs(windowMs, seconds * 1000);
  const newest = Math.floor((now - SETTLE_MS) / step) * step;
  const kept = await loadKept(client, metric, windowMs / 1000);
  const start = kept.upTo ?? (await firstLook(client, metric, newest, step, LEARN_MS[seconds]));
  const last = Math.min(newest, start + MAX_LOOKS * step);
  if (last <= start) return false;
  const watch = new MetricWatch({ windowMs, threshold }, kept.series, kept.open);
  // What lies before the watch began is learnt from, not reported.
  const reportFrom = kept.upTo ?? now - windowMs;
  for (let at = start + step; at <= last; at += step) {
    const measured = await measure(client, metric, seconds, at - windowMs, at);
    for (const change of watch.look(at, measured, at > reportFrom))
      await keep(client, metric, windowMs, at, change, kept.ids);
  }
  await saveSeries(client, metric, windowMs / 1000, last, watch);
  return last < newest;
}

/** Where a metric that was never watched begins: at its oldest hour, as far back as its buckets reach. */
async function firstLook(
  client: ClientBase,
  metric: MetricName,
  newest: number,
  step: number,
  learnMs: number,
): Promise<number> {
  const range = { from: new Date(newest - learnMs), to: new Date(newest) };
  const hours = await readSeries(client, { metric, subject: TOTAL, seconds: 3600, ...range });
  const first = hours.find(({ count }) => count > 0)?.at.getTime() ?? newest - step;
  return Math.min(newest - step, Math.floor(first / step) * step);
}

async function measure(
  client: ClientBase,
  metric: MetricName,
  seconds: BucketSeconds,
  from: number,
  to: number,
): Promise<Measured> {
  const range = { metric, seconds, from: new Date(from), to: new Date(to) };
  const points = await readSeries(client, { ...range, subject: TOTAL });
  const whole = { count: 0, sum: 0, max: 0 };
  for (const { count, sum, max } of points) {
    whole.count += count;
    whole.sum += sum;
    whole.max = Math.max(whole.max, max);
  }
  const listed = await listSubjects(client, { ...range, limit: SUBJECTS_READ });
  const subjects = new Map(
    listed.filter(({ subject }) => !subject.startsWith("other:")).map((each) => [each.subject, valueOf(metric, each)]),
  );
  return { total: valueOf(metric, whole), subjects };
}

async function keep(
  client: ClientBase,
  metric: MetricName,
  windowMs: number,
  at: number,
  { kind, episode }: Change,
  ids: Map<string, string>,
): Promise<void> {
  const windowSeconds = windowMs / 1000;
  if (kind === "began") {
    const id = randomId("ano");
    ids.set(episode.subject, id);
    await insertEpisode(client, id, metric, windowSeconds, episode);
    await recordEventsOn(client, [detected(id, metric, windowSeconds, episode)]);
    return;
  }
  const id = ids.get(episode.subject);
  if (id === undefined) return;
  await updateEpisode(client, id, episode, kind === "ended" ? at : null);
  if (kind === "ended") {
    ids.delete(episode.subject);
    const minutes = Math.round((at - episode.startedAt) / 60_000);
    const data = {
      anomalyId: id,
      metric,
      subject: episode.subject,
      score: episode.score.toFixed(3),
      peak: figure(episode.peak),
      minutes,
    };
    await recordEventsOn(client, [
      { event: "anomaly.ended", outcome: "ok", actor: ACTOR, target: `${metric}/${episode.subject}`, data },
    ]);
  }
}

function detected(anomalyId: string, metric: MetricName, windowSeconds: number, episode: Episode) {
  const { subject, leading, score, value, expectedLow, expectedHigh, reason } = episode;
  const told = {
    ...episode,
    metric,
    windowSeconds,
    startedAt: new Date(episode.startedAt),
    lastAt: new Date(episode.lastAt),
    endedAt: null,
  };
  const events = eventsBehind(told);
  return {
    event: "anomaly.detected",
    outcome: "ok",
    actor: ACTOR,
    target: `${metric}/${subject}`,
    reason,
    data: {
      anomalyId,
      metric,
      subject,
      leading,
      score: score.toFixed(3),
      value: figure(value),
      expectedLow: figure(expectedLow),
      expectedHigh: figure(expectedHigh),
      windowSeconds,
      explanation: explain(told),
      events: events && { ...events, since: events.since.toISOString(), until: events.until.toISOString() },
    },
  } as const;
}
