/** What a process has counted since the last time, as additions to buckets. Pure. */
import { add, type Increment } from "#server/metrics/recorded/from-events.ts";
import { ANSWERS, ROUTES, type RequestNumbers } from "#server/metrics/process/request-meter.ts";
import { subjectOf, type MetricName } from "#server/metrics/schema.ts";

const FAULT: ReadonlySet<string> = new Set(["5xx", "cut"]);
const MINUTE_MS = 60_000;

/** A copy that later counts do not change. */
export const copyNumbers = ({ answers, classes, sumMs }: RequestNumbers): RequestNumbers => ({
  answers: answers.slice(),
  classes: classes.slice(),
  sumMs: sumMs.slice(),
});

export interface ProcessSample {
  before: RequestNumbers;
  now: RequestNumbers;
  peaks: { open: number; slowestMs: Float64Array };
  /** Values seen once: their count is one. */
  gauges: Partial<Record<MetricName, number>>;
  atMs: number;
}

/** Minute increments; what was not seen is left out. */
export function processIncrements({ before, now, peaks, gauges, atMs: time }: ProcessSample): Increment[] {
  const atMs = Math.floor(time / MINUTE_MS) * MINUTE_MS;
  const sums = new Map<string, Increment>();
  const both = (metric: MetricName, route: string, numbers: Pick<Increment, "count" | "sum" | "max">): void => {
    if (numbers.count > 0) {
      add(sums, { metric, subject: "", atMs, ...numbers });
      add(sums, { metric, subject: subjectOf("route", route), atMs, ...numbers });
    }
  };
  ROUTES.forEach((route, index) => {
    const grown = ANSWERS.map((answer, part) => {
      const at = index * ANSWERS.length + part;
      return { answer, count: (now.answers[at] ?? 0) - (before.answers[at] ?? 0) };
    });
    const total = grown.reduce((sum, { count }) => sum + count, 0);
    const faults = grown.reduce((sum, { answer, count }) => sum + (FAULT.has(answer) ? count : 0), 0);
    both("requests", route, { count: total, sum: total, max: total });
    both("request_faults", route, { count: faults, sum: faults, max: faults });
    if (route !== "live") {
      const sum = (now.sumMs[index] ?? 0) - (before.sumMs[index] ?? 0);
      both("latency_ms", route, { count: total, sum, max: peaks.slowestMs[index] ?? 0 });
    }
  });
  for (const [metric, value] of Object.entries({ ...gauges, open_streams: peaks.open }) as [MetricName, number][]) {
    add(sums, { metric, subject: "", atMs, count: 1, sum: value, max: value });
  }
  return [...sums.values()];
}
