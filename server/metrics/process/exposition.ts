/**
 * What a scraper of Prometheus gets. Labels are words of ours, never anything a caller chooses: a series for each user or address would grow
 * without end and tell more than a monitoring system has to know.
 */
import { collectDefaultMetrics, Counter, Gauge, Registry } from "prom-client";
import type { Pool } from "pg";
import { RequestDurations } from "#server/metrics/process/fixed-histogram.ts";
import type { StoreSampler } from "#server/metrics/process/sample-store.ts";
import { ANSWERS, ROUTES, type RequestMeter } from "#server/metrics/process/request-meter.ts";
import { METRIC_NAMES, METRICS, meaningOfMetric } from "#server/metrics/schema.ts";

export interface ExpositionDeps {
  meter: RequestMeter;
  pool: Pool;
  store: StoreSampler;
  version: string;
}

export interface Exposition {
  contentType: string;
  /** Text of all metrics. What lies in the database is as old as a second; while it does not answer, those are left out. */
  text(): Promise<string>;
}

const RECORDED = METRIC_NAMES.filter((name) => METRICS[name].kinds.length > 0);
/** Of these the sum says more than the count. */
const SUMS = {
  resource_usage: ["openclaw_run_cpu_seconds_total", "CPU seconds of ended runs."],
  model_spend_usd: [
    "openclaw_model_spend_usd_total",
    "Price of calls of models, in dollars, as far as prices are known.",
  ],
  model_tokens: ["openclaw_model_tokens_total", "Tokens sent to models and received from them."],
  file_access_patterns: ["openclaw_file_bytes_total", "Bytes of files read and written."],
} as const;
const SAME_EVERYWHERE = "From the database, the same on every server: take max, not sum.";
const FRESH_MS = 1_000;

export function createExposition({ meter, pool, store, version }: ExpositionDeps): Exposition {
  const registry = new Registry();
  const registers = [registry];
  /** Left out of an answer as a whole: a counter that falls to zero would look like a restart. */
  const stored = new Registry();
  const gauge = (name: string, help: string, register = registry): Gauge =>
    new Gauge({ name, help, registers: [register] });

  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: "openclaw_build_info",
    help: "Version of the gateway; always 1.",
    labelNames: ["version"],
    registers,
  }).set({ version }, 1);
  const requests = new Counter({
    name: "openclaw_requests_total",
    help: "Requests answered, by route and class of status; `cut` is for those whose answer did not get through.",
    labelNames: ["route", "status"],
    registers,
  });
  new RequestDurations(meter.numbers, registry);
  const open = gauge("openclaw_open_requests", "Requests and live connections under way.");
  const connections = new Gauge({
    name: "openclaw_database_connections",
    help: "Connections of the server's main pool, by state; `waiting` are callers that wait for one.",
    labelNames: ["state"],
    registers,
  });
  const up = gauge("openclaw_database_up", "Whether the database answered this scrape.");
  const runs = new Gauge({
    name: "openclaw_runs",
    help: `Runs that wait or run. ${SAME_EVERYWHERE}`,
    labelNames: ["state"],
    registers: [stored],
  });
  const backlog = gauge(
    "openclaw_audit_backlog_batches",
    `Batches of events that wait for the sealer. ${SAME_EVERYWHERE}`,
    stored,
  );
  const lag = gauge("openclaw_audit_sealer_lag_seconds", `Age of the oldest of them. ${SAME_EVERYWHERE}`, stored);
  const recorded = new Counter({
    name: "openclaw_recorded_total",
    help: `What the record holds, by metric, since the oldest day that is kept. ${SAME_EVERYWHERE}`,
    labelNames: ["metric"],
    registers: [stored],
  });
  const sums = new Map<string, Counter>(
    Object.entries(SUMS).map(([metric, [name, help]]) => [
      metric,
      new Counter({ name, help: `${help} ${SAME_EVERYWHERE}`, registers: [stored] }),
    ]),
  );

  function showProcess(): void {
    requests.reset();
    ROUTES.forEach((route, index) =>
      ANSWERS.forEach((status, part) =>
        requests.inc({ route, status }, meter.numbers.answers[index * ANSWERS.length + part] ?? 0),
      ),
    );
    open.set(meter.open());
    connections.set({ state: "idle" }, pool.idleCount);
    connections.set({ state: "busy" }, pool.totalCount - pool.idleCount);
    connections.set({ state: "waiting" }, pool.waitingCount);
  }

  async function showStore(): Promise<void> {
    const [sample, totals] = await Promise.all([store.sample(), store.recorded(RECORDED)]);
    stored.resetMetrics();
    runs.set({ state: "queued" }, sample.runsWaiting);
    runs.set({ state: "running" }, sample.runsRunning);
    backlog.set(sample.backlog);
    lag.set(sample.sealerLagSeconds);
    const found = new Map(totals.map((total) => [total.metric, total]));
    for (const metric of RECORDED) {
      if (meaningOfMetric(metric).value !== "max") {
        recorded.inc({ metric }, found.get(metric)?.count ?? 0);
      }
      sums.get(metric)?.inc(found.get(metric)?.sum ?? 0);
    }
  }

  let last: { at: number; text: Promise<string> } | undefined;
  async function collect(): Promise<string> {
    const found = await showStore().then(
      () => true,
      // The scraper has to learn of an outage, not to fail with it.
      () => false,
    );
    showProcess();
    up.set(Number(found));
    const own = await registry.metrics();
    return found ? `${own}\n${await stored.metrics()}` : own;
  }
  return {
    contentType: registry.contentType,
    text() {
      const now = performance.now();
      // Somebody who scrapes without a pause, or from many places, costs no more than one query a second.
      if (last === undefined || now - last.at >= FRESH_MS) {
        last = { at: now, text: (last?.text ?? Promise.resolve("")).then(collect) };
      }
      return last.text;
    },
  };
}
