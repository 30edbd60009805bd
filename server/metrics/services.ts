/** Measuring in the server process, put together. */
import type { Pool } from "pg";
import type { Clock } from "#server/core/clock.ts";
import type { Logger } from "#server/core/log.ts";
import { createExposition, type Exposition } from "#server/metrics/process/exposition.ts";
import { startFlusher } from "#server/metrics/process/flush.ts";
import { createStoreSampler } from "#server/metrics/process/sample-store.ts";
import { createRequestMeter, type RequestMeter } from "#server/metrics/process/request-meter.ts";
import { startRetention, type Retention } from "#server/metrics/retention.ts";

export interface MetricsServices {
  meter: RequestMeter;
  exposition: Exposition;
  /** Stores what was counted. To be called while the pool is open. */
  close(): Promise<void>;
}

interface MetricsOptions {
  pool: Pool;
  clock: Clock;
  log: Logger;
  version: string;
  retention: () => Retention;
}

export function openMetrics({ version, retention, ...deps }: MetricsOptions): MetricsServices {
  const meter = createRequestMeter();
  const store = createStoreSampler(deps.pool);
  const flusher = startFlusher({ ...deps, meter, store });
  const upkeep = startRetention({ ...deps, retention });
  return {
    meter,
    exposition: createExposition({ meter, pool: deps.pool, store, version }),
    async close() {
      await upkeep.close();
      await flusher.close();
    },
  };
}
