/** The collector of the configuration in force. */
import type { ConfigStore } from "#server/config/index.ts";
import type { TelemetrySettings } from "#server/metrics/telemetry/telemetry.ts";

const PATH = "security.monitoring.telemetry.headers";

/** Null where none is configured. @throws AppError as `ConfigStore.secret` does for a header that cannot be read. */
export function configuredCollector(config: Pick<ConfigStore, "current" | "secret">): TelemetrySettings | null {
  const { endpoint, headers, traces, metrics, sampleRatio } = config.current().config.security.monitoring.telemetry;
  return endpoint === undefined
    ? null
    : {
        endpoint,
        headers: Object.fromEntries(
          Object.entries(headers).map(([name, written]) => [name, config.secret(`${PATH}.${name}`, written)]),
        ),
        traces,
        metrics,
        sampleRatio,
      };
}
