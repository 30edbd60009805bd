/** Rules about what is watched: a metric that is counted from events which are not recorded stays empty, and nobody would notice. */
import { isListed } from "#server/audit/policy.ts";
import type { Finding } from "#server/config/problems.ts";
import type { Config } from "#server/config/schema.ts";
import { METRICS } from "#server/metrics/schema.ts";

export function monitoringFindings({ logging, security }: Pick<Config, "logging" | "security">): Finding[] {
  const { enabled, anomalyDetection } = security.monitoring;
  if (!enabled || !anomalyDetection.enabled) {
    return [];
  }
  return anomalyDetection.metrics.flatMap((metric, index): Finding[] => {
    const missing = METRICS[metric].kinds.filter((kind) => !isListed(kind, logging));
    return missing.length === 0
      ? []
      : [
          {
            severity: "warning",
            path: ["security", "monitoring", "anomalyDetection", "metrics", index],
            reason: `"${metric}" is counted from events of the kind ${missing.join(", ")}, which are not recorded`,
            fix: `Add ${missing.map((kind) => `"${kind}"`).join(", ")} to logging.audit.events, or take the metric out.`,
          },
        ];
  });
}
