/** What the configuration asks the watch for. Pure. */
import type { WatchSettings } from "#server/anomalies/live/look.ts";
import type { Config } from "#server/config/schema.ts";
import type { MetricName } from "#server/metrics/schema.ts";

/** What is measured for a name of `security.monitoring.anomalyDetection.metrics`: what resources are used up shows in CPU time and in money. */
const MEASURED: Record<Config["security"]["monitoring"]["anomalyDetection"]["metrics"][number], readonly MetricName[]> =
  {
    authentication_failures: ["authentication_failures"],
    authorization_denials: ["authorization_denials"],
    message_volume: ["message_volume"],
    file_access_patterns: ["file_access_patterns"],
    resource_usage: ["resource_usage", "model_spend_usd"],
  };
const MINUTE_MS = 60_000;

/** @returns undefined while detection, or monitoring as a whole, is off */
export function watchSettings({ security: { monitoring } }: Config): WatchSettings | undefined {
  const { enabled, threshold, windowSize, metrics } = monitoring.anomalyDetection;
  if (!monitoring.enabled || !enabled) return undefined;
  return {
    threshold,
    windowMs: Math.floor(windowSize / MINUTE_MS) * MINUTE_MS,
    metrics: [...new Set(metrics.flatMap((name) => MEASURED[name]))],
  };
}
