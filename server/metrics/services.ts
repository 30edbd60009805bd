/** Measuring in the server process, put together. */
import type { Pool } from "pg";
import type { Clock } from "#server/core/clock.ts";
import type { Logger } from "#server/core/log.ts";
import type { AllowsPrivate } from "#server/core/net/outbound-policy.ts";
import { createExposition, type Exposition } from "#server/metrics/process/exposition.ts";
import { startFlusher } from "#server/metrics/process/flush.ts";
import { createStoreSampler } from "#server/metrics/process/sample-store.ts";
import { createRequestMeter, type RequestMeter } from "#server/metrics/process/request-meter.ts";
import { openTelemetry, type Telemetry, type TelemetrySettings } from "#server/metrics/telemetry/telemetry.ts";
import { startRetention, type Retention } from "#server/metrics/retention.ts";

export interface MetricsServices {
  meter: RequestMeter;
  exposition: Exposition;
  telemetry: Telemetry;
  /** Stores what was counted. To be called while the pool is open. */
  close(): Promise<void>;
}

interface MetricsOptions {
  pool: Pool;
  clock: Clock;
  log: Logger;
  version: string;
  retention: () => Retention;
  /** Where traces and metrics are sent; null = nowhere. */
  collector: () => TelemetrySettings | null;
  allowsPrivate: AllowsPrivate;
}

export function openMetrics({
  version,
  retention,
  collector,
  allowsPrivate,
  ...deps
}: MetricsOptions): MetricsServices {
  const meter = createRequestMeter();
  const store = createStoreSampler(deps.pool);
  const flusher = startFlusher({ ...deps, meter, store });
  const upkeep = startRetention({ ...deps, retention });
  const telemetry = openTelemetry({ ...deps, meter, store, version, settings: collector, allowsPrivate });
  return {
    meter,
    telemetry,
    exposition: createExposition({ meter, pool: deps.pool, store, version }),
    async close() {
      await telemetry.close();
      await upkeep.close();
      await flusher.close();
    },
  };
}
