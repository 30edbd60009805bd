/** The bodies of OTLP over HTTP, as JSON (opentelemetry-proto 1.x: ids in hexadecimal, 64-bit integers as text). Pure. */
import type { AttributeValue, Span } from "#server/metrics/telemetry/spans.ts";

export type Attributes = Readonly<Record<string, AttributeValue>>;

const SCOPE = "openclaw-gateway";
const SPAN_KINDS = { internal: 1, server: 2, client: 3 } as const;
const STATUS_ERROR = 2;
const CUMULATIVE = 2;

const nanos = (ms: number): string => String(BigInt(Math.round(ms * 1000)) * 1000n);

function attributes(values: Attributes): object[] {
  return Object.entries(values).map(([key, value]) => ({ key, value: valueOf(value) }));
}

function valueOf(value: AttributeValue): object {
  if (typeof value === "string") {
    return { stringValue: value };
  }
  if (typeof value === "boolean") {
    return { boolValue: value };
  }
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}

/** Body for `/v1/traces`. */
export function tracesBody(resource: Attributes, spans: readonly Span[]): string {
  return JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: attributes(resource) },
        scopeSpans: [{ scope: { name: SCOPE }, spans: spans.map(spanJson) }],
      },
    ],
  });
}

function spanJson({ traceId, spanId, parentSpanId, name, kind, startMs, endMs, attributes: own, failure }: Span) {
  return {
    traceId,
    spanId,
    ...(parentSpanId === null ? {} : { parentSpanId }),
    name,
    kind: SPAN_KINDS[kind],
    startTimeUnixNano: nanos(Math.min(startMs, endMs)),
    endTimeUnixNano: nanos(endMs),
    attributes: attributes(own),
    status: failure === null ? {} : { code: STATUS_ERROR, message: failure },
  };
}

interface Described {
  name: string;
  description: string;
  unit: string;
}

/** A number of a metric, told apart by attributes. */
interface NumberPoint {
  attributes: Attributes;
  value: number;
}

interface HistogramPoint {
  attributes: Attributes;
  /** Of each class; one more than there are bounds. */
  classes: readonly number[];
  sum: number;
}

export type Metric = Described &
  (
    | { type: "sum" | "gauge"; points: readonly NumberPoint[] }
    | { type: "histogram"; bounds: readonly number[]; points: readonly HistogramPoint[] }
  );

/** Body for `/v1/metrics`. @param startMs since when sums and histograms have counted */
export function metricsBody(resource: Attributes, metrics: readonly Metric[], startMs: number, nowMs: number): string {
  const times = { startTimeUnixNano: nanos(startMs), timeUnixNano: nanos(nowMs) };
  return JSON.stringify({
    resourceMetrics: [
      {
        resource: { attributes: attributes(resource) },
        scopeMetrics: [{ scope: { name: SCOPE }, metrics: metrics.map((metric) => metricJson(metric, times)) }],
      },
    ],
  });
}

function metricJson(metric: Metric, times: object): object {
  const { name, description, unit } = metric;
  const described = { name, description, unit };
  if (metric.type === "histogram") {
    const dataPoints = metric.points.map(({ attributes: own, classes, sum }) => ({
      attributes: attributes(own),
      ...times,
      count: String(classes.reduce((total, count) => total + count, 0)),
      sum,
      bucketCounts: classes.map(String),
      explicitBounds: metric.bounds,
    }));
    return { ...described, histogram: { aggregationTemporality: CUMULATIVE, dataPoints } };
  }
  const dataPoints = metric.points.map(({ attributes: own, value }) => ({
    attributes: attributes(own),
    ...times,
    asDouble: value,
  }));
  return metric.type === "gauge"
    ? { ...described, gauge: { dataPoints } }
    : { ...described, sum: { aggregationTemporality: CUMULATIVE, isMonotonic: true, dataPoints } };
}
