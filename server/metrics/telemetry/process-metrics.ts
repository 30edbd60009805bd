/** The numbers of a server process for OpenTelemetry: those of `/metrics`, under the names of its semantic conventions where it has some. */
import { ANSWERS, BOUNDS_MS, ROUTES, type RequestMeter } from "#server/metrics/process/request-meter.ts";
import type { StoreSample, StoreSampler } from "#server/metrics/process/sample-store.ts";
import type { Metric } from "#server/metrics/telemetry/otlp.ts";

const MS = 1000;

/** What lies in the database is left out while that does not answer. @param dropped spans that could not be sent */
export async function processMetrics(
  { meter, store }: { meter: RequestMeter; store: StoreSampler },
  dropped: number,
): Promise<Metric[]> {
  const sample = await store.sample().catch(() => null);
  return [
    ...requestMetrics(meter),
    ...(sample === null ? [] : storeMetrics(sample)),
    gauge("process.memory.usage", "Resident memory.", "By", process.memoryUsage.rss()),
    sum("openclaw.telemetry.dropped_spans", "Spans that could not be sent.", "{span}", dropped),
  ];
}

const gauge = (name: string, description: string, unit: string, value: number): Metric => ({
  type: "gauge",
  name,
  description,
  unit,
  points: [{ attributes: {}, value }],
});

const sum = (name: string, description: string, unit: string, value: number): Metric => ({
  ...gauge(name, description, unit, value),
  type: "sum",
  points: [{ attributes: {}, value }],
});

function requestMetrics(meter: RequestMeter): Metric[] {
  const { numbers } = meter;
  const width = BOUNDS_MS.length + 1;
  return [
    {
      type: "histogram",
      name: "http.server.request.duration",
      description: "Time from a request to the end of its answer.",
      unit: "s",
      bounds: BOUNDS_MS.map((bound) => bound / MS),
      points: ROUTES.map((route, index) => ({
        attributes: { "http.route": route },
        classes: [...numbers.classes.slice(index * width, (index + 1) * width)],
        sum: (numbers.sumMs[index] ?? 0) / MS,
      })),
    },
    {
      type: "sum",
      name: "openclaw.requests",
      description: "Requests answered, by route and class of status.",
      unit: "{request}",
      points: ROUTES.flatMap((route, index) =>
        ANSWERS.map((status, part) => ({
          attributes: { "http.route": route, status },
          value: numbers.answers[index * ANSWERS.length + part] ?? 0,
        })),
      ),
    },
    gauge("openclaw.requests.open", "Requests and live connections under way.", "{request}", meter.open()),
  ];
}

function storeMetrics({ runsWaiting, runsRunning, backlog, sealerLagSeconds }: StoreSample): Metric[] {
  return [
    gauge("openclaw.runs.queued", "Runs that wait for a worker.", "{run}", runsWaiting),
    gauge("openclaw.runs.running", "Runs that run.", "{run}", runsRunning),
    gauge("openclaw.audit.backlog", "Batches of events that wait for the sealer.", "{batch}", backlog),
    gauge("openclaw.audit.sealer_lag", "Age of the oldest of them.", "s", sealerLagSeconds),
  ];
}
