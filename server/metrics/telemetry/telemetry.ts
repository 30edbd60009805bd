/** OpenTelemetry of the server process: collects, and sends now and then. Off, and without cost, unless a collector is configured. */
import { hostname } from "node:os";
import type { Pool } from "pg";
import type { Clock } from "#server/core/clock.ts";
import type { Logger } from "#server/core/log.ts";
import type { AllowsPrivate } from "#server/core/net/outbound-policy.ts";
import type { StoreSampler } from "#server/metrics/process/sample-store.ts";
import type { RequestMeter } from "#server/metrics/process/request-meter.ts";
import { createRecordFollower } from "#server/metrics/telemetry/follow-record.ts";
import { processMetrics } from "#server/metrics/telemetry/process-metrics.ts";
import { metricsBody, tracesBody, type Attributes } from "#server/metrics/telemetry/otlp.ts";
import { openSender, type Collector } from "#server/metrics/telemetry/sender.ts";
import { spanOfEvent, spanOfRequest, type AnsweredRequest, type Span } from "#server/metrics/telemetry/spans.ts";

export interface TelemetrySettings extends Collector {
  traces: boolean;
  metrics: boolean;
  sampleRatio: number;
}

export interface Telemetry {
  /** Whether requests are traced at this moment. */
  tracing(): boolean;
  /** Takes note of an answered request; costs a few microseconds, and nothing while `tracing()` is false. */
  answered(request: AnsweredRequest): void;
  /** Sends what there is. */
  close(): Promise<void>;
}

interface TelemetryDeps {
  pool: Pool;
  clock: Clock;
  log: Logger;
  meter: RequestMeter;
  store: StoreSampler;
  version: string;
  /** Null: nothing is sent. @throws AppError when a header cannot be read. */
  settings: () => TelemetrySettings | null;
  allowsPrivate: AllowsPrivate;
}

const EVERY_MS = 1_000;
const METRICS_EVERY_MS = 30_000;
/** Spans that wait; more are dropped. */
const MAX_WAITING = 2_048;
const MAX_IN_ONE = 512;

/** @param everyMs between two times that spans are sent, and `metricsEveryMs` for metrics; for tests. */
export function openTelemetry(deps: TelemetryDeps, everyMs = EVERY_MS, metricsEveryMs = METRICS_EVERY_MS): Telemetry {
  const { pool, clock, log, settings } = deps;
  const resource: Attributes = {
    "service.name": "openclaw-gateway",
    "service.version": deps.version,
    "service.instance.id": `${hostname()}:${process.pid}`,
  };
  const sender = openSender(deps.allowsPrivate);
  const follower = createRecordFollower(pool);
  const startMs = clock.now();
  let waiting: Span[] = [];
  let dropped = 0;
  let failing = false;
  let metricsDueAt = 0;
  let active: TelemetrySettings | null = readSettings();
  let work: Promise<void> = Promise.resolve();
  let busy = false;

  function readSettings(): TelemetrySettings | null {
    try {
      return settings();
    } catch (error) {
      log.warn({ err: error }, "telemetry is off: its settings cannot be read");
      return null;
    }
  }

  function take(span: Span | null): void {
    if (span === null) {
      return;
    }
    if (waiting.length >= MAX_WAITING) {
      dropped += 1;
    } else {
      waiting.push(span);
    }
  }

  function report(problem: string | null): void {
    if (problem !== null && !failing) {
      log.warn(
        { problem, dropped },
        "telemetry: the collector does not take what is sent; spans are dropped meanwhile",
      );
    }
    failing = problem !== null;
  }

  async function follow({ sampleRatio }: TelemetrySettings): Promise<void> {
    try {
      for (const event of await follower.next()) {
        take(spanOfEvent(event, sampleRatio));
      }
    } catch (error) {
      log.debug({ err: error }, "telemetry: the record could not be read");
    }
  }

  async function sendSpans(collector: TelemetrySettings): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, MAX_IN_ONE);
      const problem = await sender.send(collector, "traces", tracesBody(resource, batch));
      report(problem);
      if (problem !== null) {
        // The newest are worth most: those that were tried make room.
        dropped += batch.length;
        waiting = waiting.slice(batch.length);
        return;
      }
      waiting = waiting.slice(batch.length);
    }
  }

  async function sendMetrics(collector: TelemetrySettings): Promise<void> {
    const metrics = await processMetrics(deps, dropped);
    report(await sender.send(collector, "metrics", metricsBody(resource, metrics, startMs, clock.now())));
  }

  async function round(isLast: boolean): Promise<void> {
    active = readSettings();
    if (active === null) {
      waiting = [];
      await follower.close();
      return;
    }
    if (active.traces) {
      await follow(active);
      await sendSpans(active);
    }
    if (active.metrics && (isLast || clock.now() >= metricsDueAt)) {
      metricsDueAt = clock.now() + metricsEveryMs;
      await sendMetrics(active);
    }
  }

  function start(isLast = false): Promise<void> {
    busy = true;
    work = work
      .then(() => round(isLast))
      .catch((error: unknown) => log.warn({ err: error }, "telemetry could not be sent"))
      .finally(() => (busy = false));
    return work;
  }

  const timer = setInterval(() => {
    if (!busy) {
      void start();
    }
  }, everyMs);
  timer.unref();

  return {
    tracing: () => active?.traces === true,
    answered(request) {
      if (active?.traces === true) {
        take(spanOfRequest(request, active.sampleRatio));
      }
    },
    async close() {
      clearInterval(timer);
      await start(true);
      await follower.close();
      await sender.close();
    },
  };
}
