/** What the watch keeps between its looks: detectors in `anomaly_series`, episodes in `anomaly`. Always within the caller's transaction. */
import type { ClientBase } from "pg";
import { z } from "zod";
import type { DetectorState } from "#server/anomalies/detector.ts";
import { REASONS } from "#server/anomalies/policy.ts";
import { storedSeries, TOTAL, type Episode, type MetricWatch, type Series } from "#server/anomalies/watch.ts";

/** A state of another version is dropped, and its series begins anew. */
const State = z.looseObject({ version: z.literal(1), rows: z.number() });

/** Series and open episodes of one metric. */
export interface Kept {
  series: Map<string, Series>;
  open: Map<string, Episode>;
  /** By subject of an open episode. */
  ids: Map<string, string>;
  /** Up to when everything was looked at; undefined for a metric that is new, or whose window is another now. */
  upTo: number | undefined;
}

interface SeriesRow {
  subject: string;
  up_to: Date;
  active_at: Date;
  state: unknown;
}

interface EpisodeRow {
  id: string;
  subject: string;
  main_source: string | null;
  started_at: Date;
  last_at: Date;
  score: number;
  value: number;
  peak: number;
  expected_low: number;
  expected_high: number;
  reason: string;
}

export async function loadKept(client: ClientBase, metric: string, windowSeconds: number): Promise<Kept> {
  const { rows } = await client.query<SeriesRow>(
    "SELECT subject, up_to, active_at, state FROM anomaly_series WHERE metric = $1 AND window_seconds = $2",
    [metric, windowSeconds],
  );
  const series = new Map<string, Series>();
  for (const { subject, active_at, state } of rows) {
    if (State.safeParse(state).success) series.set(subject, storedSeries(state as DetectorState, active_at.getTime()));
  }
  const upTo = series.has(TOTAL) ? rows.find(({ subject }) => subject === TOTAL)?.up_to.getTime() : undefined;
  const open = new Map<string, Episode>();
  const ids = new Map<string, string>();
  const episodes = await client.query<EpisodeRow>("SELECT * FROM anomaly WHERE metric = $1 AND ended_at IS NULL", [
    metric,
  ]);
  for (const row of episodes.rows) {
    ids.set(row.subject, row.id);
    open.set(row.subject, {
      subject: row.subject,
      leading: row.main_source,
      startedAt: row.started_at.getTime(),
      lastAt: row.last_at.getTime(),
      score: row.score,
      value: row.value,
      peak: row.peak,
      expectedLow: row.expected_low,
      expectedHigh: row.expected_high,
      reason: REASONS.find((reason) => reason === row.reason) ?? "higher",
    });
  }
  return { series: upTo === undefined ? new Map<string, Series>() : series, open, ids, upTo };
}

const SAVE_SQL = `
INSERT INTO anomaly_series (metric, subject, window_seconds, up_to, active_at, state)
SELECT $1, subject, $2, $3, active_at, state FROM unnest($4::text[], $5::timestamptz[], $6::jsonb[]) AS row (subject, active_at, state)
ON CONFLICT (metric, subject) DO UPDATE SET window_seconds = excluded.window_seconds, up_to = excluded.up_to,
  active_at = excluded.active_at, state = excluded.state`;

/** Stores every detector of a metric and removes those that gave up their place. */
export async function saveSeries(
  client: ClientBase,
  metric: string,
  windowSeconds: number,
  upTo: number,
  { series }: MetricWatch,
): Promise<void> {
  const subjects = [...series.keys()];
  await client.query("DELETE FROM anomaly_series WHERE metric = $1 AND NOT subject = ANY($2)", [metric, subjects]);
  const kept = [...series.values()];
  await client.query(SAVE_SQL, [
    metric,
    windowSeconds,
    new Date(upTo),
    subjects,
    kept.map(({ activeAt }) => new Date(activeAt)),
    kept.map(({ detector }) => JSON.stringify(detector.state())),
  ]);
}

/** A new episode. */
export async function insertEpisode(
  client: ClientBase,
  id: string,
  metric: string,
  windowSeconds: number,
  episode: Episode,
): Promise<void> {
  await client.query(
    `INSERT INTO anomaly (id, metric, subject, main_source, started_at, last_at, score, value, peak, expected_low, expected_high, reason, window_seconds)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
    [
      id,
      metric,
      episode.subject,
      episode.leading,
      new Date(episode.startedAt),
      new Date(episode.lastAt),
      episode.score,
      episode.value,
      episode.peak,
      episode.expectedLow,
      episode.expectedHigh,
      episode.reason,
      windowSeconds,
    ],
  );
}

/** What became of an episode. @param endedAt - null while it goes on */
export async function updateEpisode(
  client: ClientBase,
  id: string,
  { lastAt, score, peak }: Episode,
  endedAt: number | null,
): Promise<void> {
  await client.query("UPDATE anomaly SET last_at = $2, score = $3, peak = $4, ended_at = $5 WHERE id = $1", [
    id,
    new Date(lastAt),
    score,
    peak,
    endedAt === null ? null : new Date(endedAt),
  ]);
}

/** Forgets metrics that are not watched any more, and ends what was open of them. */
export async function forgetOthers(client: ClientBase, metrics: readonly string[], now: number): Promise<void> {
  await client.query("DELETE FROM anomaly_series WHERE NOT metric = ANY($1)", [metrics]);
  await client.query(
    "UPDATE anomaly SET ended_at = greatest($2, last_at) WHERE ended_at IS NULL AND NOT metric = ANY($1)",
    [metrics, new Date(now)],
  );
}
