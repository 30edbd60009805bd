/** Rules of measuring. Pure. */
import type { BucketSeconds } from "#server/metrics/schema.ts";

interface RetentionSettings {
  security: { monitoring: { metrics: { minutes: number; hours: number; days: number } } };
}

/** Milliseconds that buckets are kept, by their width. */
export function bucketRetention({ security }: RetentionSettings): Record<BucketSeconds, number> {
  const { minutes, hours, days } = security.monitoring.metrics;
  return { 60: minutes, 3600: hours, 86_400: days };
}
