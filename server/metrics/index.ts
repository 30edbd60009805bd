/** What other domains may import of the measurements. */
export { listSubjects, readSeries } from "#server/metrics/read-series.ts";
export { createEventMeter, type EventMeter } from "#server/metrics/recorded/event-meter.ts";
export type { MetricsServices } from "#server/metrics/services.ts";
