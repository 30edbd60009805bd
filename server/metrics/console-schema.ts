/** What the console asks for and is told. */
import { z } from "zod";
import { RANGE_NAMES } from "#server/metrics/policy.ts";
import { METRIC_NAMES, type MetricName } from "#server/metrics/schema.ts";

const metric = z.enum(METRIC_NAMES as [MetricName, ...MetricName[]]);
const range = z.enum(RANGE_NAMES);

export const OverviewInput = z.strictObject({ range });
export const MetricInput = z.strictObject({ range, metric, subject: z.string().max(200) });

const numbers = { count: z.number(), sum: z.number(), max: z.number() };

export const MetricsOverview = z.object({
  fromMs: z.number(),
  toMs: z.number(),
  barMs: z.number(),
  metrics: z.array(
    z.object({
      metric,
      /** Of the whole range. */
      total: z.object(numbers),
      /** Values of the bars, oldest first. */
      bars: z.array(z.number()),
    }),
  ),
});
export type MetricsOverview = z.output<typeof MetricsOverview>;

export const MetricDetail = z.object({
  fromMs: z.number(),
  toMs: z.number(),
  barMs: z.number(),
  bars: z.array(z.object({ atMs: z.number(), ...numbers })),
  /** Those with the most in this time. */
  subjects: z.array(z.object({ subject: z.string(), ...numbers })),
});
export type MetricDetail = z.output<typeof MetricDetail>;
