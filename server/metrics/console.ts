/** What was measured, for the charts of the console. */
import type { Pool } from "pg";
import type { Clock } from "#server/core/clock.ts";
import type { MetricDetail, MetricsOverview } from "#server/metrics/console-schema.ts";
import { barsOf, RANGES, type Range } from "#server/metrics/policy.ts";
import { listSubjects } from "#server/metrics/read-series.ts";
import { METRIC_NAMES, valueOf, type MetricName } from "#server/metrics/schema.ts";

interface ConsoleDeps {
  pool: Pool;
  clock: Clock;
}

const TOP_SUBJECTS = 20;

interface Bar {
  metric: MetricName;
  index: number;
  count: number;
  sum: number;
  max: number;
}

const BARS_SQL = `
SELECT metric, floor((extract(epoch FROM at) - $4::float8) / $5::int)::int AS index, sum(count)::bigint AS count, sum(sum) AS sum, max(max) AS max
FROM metric_bucket
WHERE metric = ANY($1) AND subject = $2 AND seconds = $3 AND at >= to_timestamp($4::float8) AND at < to_timestamp($6::float8)
GROUP BY 1, 2`;

async function readBars(
  { pool, clock }: ConsoleDeps,
  range: Range,
  metrics: readonly MetricName[],
  subject: string,
): Promise<ReturnType<typeof barsOf> & { found: Bar[] }> {
  const times = barsOf(range, clock.now());
  const { seconds, barSeconds } = RANGES[range];
  const { rows } = await pool.query<Bar>(BARS_SQL, [
    metrics,
    subject,
    seconds,
    times.fromMs / 1000,
    barSeconds,
    times.toMs / 1000,
  ]);
  return { ...times, found: rows };
}

const NOTHING = { count: 0, sum: 0, max: 0 };

/** Every metric, all subjects together. */
export async function metricsOverview(deps: ConsoleDeps, range: Range): Promise<MetricsOverview> {
  const { fromMs, toMs, barMs, bars, found } = await readBars(deps, range, METRIC_NAMES, "");
  const byMetric = Map.groupBy(found, ({ metric }) => metric);
  const metrics = METRIC_NAMES.map((metric) => {
    const values = Array.from<number>({ length: bars }).fill(0);
    const total = { ...NOTHING };
    for (const bar of byMetric.get(metric) ?? []) {
      values[bar.index] = valueOf(metric, bar);
      total.count += bar.count;
      total.sum += bar.sum;
      total.max = Math.max(total.max, bar.max);
    }
    return { metric, total, bars: values };
  });
  return { fromMs, toMs, barMs, metrics };
}

/** One metric of one subject, and who has the most of it. */
export async function metricDetail(
  deps: ConsoleDeps,
  { range, metric, subject }: { range: Range; metric: MetricName; subject: string },
): Promise<MetricDetail> {
  const { fromMs, toMs, barMs, bars, found } = await readBars(deps, range, [metric], subject);
  const byIndex = new Map(found.map((bar) => [bar.index, bar]));
  const subjects = await listSubjects(deps.pool, {
    metric,
    from: new Date(fromMs),
    to: new Date(toMs),
    limit: TOP_SUBJECTS,
    seconds: RANGES[range].seconds,
  });
  return {
    fromMs,
    toMs,
    barMs,
    bars: Array.from({ length: bars }, (_, index) => {
      const { count, sum, max } = byIndex.get(index) ?? NOTHING;
      return { atMs: fromMs + index * barMs, count, sum, max };
    }),
    subjects,
  };
}
