/** Rules about what is watched. A metric that is counted from events which are not recorded stays empty, and nobody would notice. */
import { isListed } from "#server/audit/policy.ts";
import type { Finding } from "#server/config/problems.ts";
import type { Config } from "#server/config/schema.ts";
import { isLoopbackAddress } from "#server/core/http/address.ts";
import { METRICS } from "#server/metrics/schema.ts";

export function monitoringFindings(config: Pick<Config, "logging" | "security">): Finding[] {
  return [...unrecordedFindings(config), ...telemetryFindings(config)];
}

/** What goes to a collector on this machine stays on it. */
function telemetryFindings({ security }: Pick<Config, "security">): Finding[] {
  const url = URL.parse(security.monitoring.telemetry.endpoint ?? "");
  const isOpen =
    url?.protocol === "http:" &&
    !isLoopbackAddress(url.hostname.replace(/^\[|\]$/g, "")) &&
    url.hostname !== "localhost";
  return isOpen
    ? [
        {
          severity: "warning",
          path: ["security", "monitoring", "telemetry", "endpoint"],
          reason: "sends telemetry, and the headers with its secret, unencrypted",
          fix: "Use https, or a collector on this machine.",
        },
      ]
    : [];
}

function unrecordedFindings({ logging, security }: Pick<Config, "logging" | "security">): Finding[] {
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
