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

/** Times that the console shows, and the buckets and bars it shows them in. Every bar is a whole number of buckets. */
export const RANGES = {
  "1h": { label: "Last hour", hours: 1, seconds: 60, barSeconds: 60 },
  "6h": { label: "Last 6 hours", hours: 6, seconds: 60, barSeconds: 600 },
  "24h": { label: "Last 24 hours", hours: 24, seconds: 60, barSeconds: 1_800 },
  "7d": { label: "Last 7 days", hours: 7 * 24, seconds: 3_600, barSeconds: 4 * 3_600 },
  "30d": { label: "Last 30 days", hours: 30 * 24, seconds: 3_600, barSeconds: 12 * 3_600 },
  "90d": { label: "Last 90 days", hours: 90 * 24, seconds: 86_400, barSeconds: 2 * 86_400 },
  "1y": { label: "Last year", hours: 365 * 24, seconds: 86_400, barSeconds: 7 * 86_400 },
} as const satisfies Record<string, { label: string; hours: number; seconds: BucketSeconds; barSeconds: number }>;

export type Range = keyof typeof RANGES;
export const RANGE_NAMES = Object.keys(RANGES) as [Range, ...Range[]];

/** The bars of a range that ends now: whole ones, the last not over yet. Milliseconds since 1970. */
export function barsOf(range: Range, nowMs: number): { fromMs: number; toMs: number; barMs: number; bars: number } {
  const { hours, barSeconds } = RANGES[range];
  const barMs = barSeconds * 1000;
  const toMs = Math.floor(nowMs / barMs) * barMs + barMs;
  const bars = Math.round((hours * 3_600_000) / barMs);
  return { fromMs: toMs - bars * barMs, toMs, barMs, bars };
}
