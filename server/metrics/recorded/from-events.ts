/**
 * What sealed events come to: for each minute, metric and subject a count, a sum and a maximum. Pure.
 * Threat: a taken-over web process writes any number into an event; none of them may make a bucket negative, endless or not a number.
 */
import { meaningOfMetric, subjectOf, type MetricName, type SubjectKind } from "#server/metrics/schema.ts";

/** The parts of a sealed row that are measured. */
export interface MeasuredEvent {
  /** ISO 8601, UTC. */
  at: string;
  event: string;
  kind: string;
  outcome: string;
  actorType: string;
  actorId: string;
  userId: string | undefined;
  tokenId: string | undefined;
  address: string | undefined;
  channel: string | undefined;
  data: Readonly<Record<string, unknown>>;
}

/** What is added to a bucket. */
export interface Increment {
  metric: MetricName;
  subject: string;
  /** Beginning of the bucket, milliseconds since 1970. */
  atMs: number;
  count: number;
  sum: number;
  max: number;
}

/** More than any honest event says. Far below what would overflow a bucket, however many of them come. */
const MOST = 1e12;
const MOST_TIMES = 1e6;
const MINUTE_MS = 60_000;

const BY_KIND: Readonly<Record<string, MetricName>> = {
  authentication_failure: "authentication_failures",
  authorization_denied: "authorization_denials",
  rate_limit_exceeded: "rate_limited",
  suspicious_activity: "suspicious_activity",
  sandbox_escape: "suspicious_activity",
};

/** The minute buckets that `events` add to, each once. */
export function incrementsOf(events: Iterable<MeasuredEvent>): Increment[] {
  const sums = new Map<string, Increment>();
  for (const event of events) {
    const atMs = Math.floor(Date.parse(event.at) / MINUTE_MS) * MINUTE_MS;
    if (Number.isFinite(atMs)) {
      measure(event, (metric, count, value) => {
        add(sums, { metric, subject: "", atMs, count, sum: value, max: value });
        for (const kind of meaningOfMetric(metric).subjects) {
          const id = idOf(event, kind);
          if (id !== undefined && id !== "") {
            add(sums, { metric, subject: subjectOf(kind, id), atMs, count, sum: value, max: value });
          }
        }
      });
    }
  }
  return [...sums.values()];
}

/** Adds to what is there of the same bucket. */
export function add(sums: Map<string, Increment>, { metric, subject, atMs, count, sum, max }: Increment): void {
  const key = `${metric}\n${atMs}\n${subject}`;
  const found = sums.get(key);
  if (found === undefined) {
    sums.set(key, { metric, subject, atMs, count, sum, max });
  } else {
    found.count += count;
    found.sum += sum;
    found.max = Math.max(found.max, max);
  }
}

type Meter = (metric: MetricName, count: number, value: number) => void;

function measure(event: MeasuredEvent, meter: Meter): void {
  const { data, kind } = event;
  // Collapsed refusals: one row stands for many.
  const times = Math.min(MOST_TIMES, Math.max(1, Math.floor(numberOf(data["count"]) ?? 1)));
  const byKind = BY_KIND[kind];
  if (byKind !== undefined) {
    meter(byKind, times, times);
  }
  if (kind === "errors" && event.event !== "limit.store_restored") {
    meter("errors", times, times);
  }
  switch (event.event) {
    case "message.received":
      meter("message_volume", 1, 1);
      break;
    case "file.accessed":
    case "file.refused":
      meter("file_access_patterns", times, numberOf(data["bytes"]) ?? 0);
      break;
    case "run.ended":
      measureRun(event, meter);
      break;
    case "run.refused":
      meter("run_failures", 1, 1);
      break;
    case "model.called":
      measureCall(event, meter);
      break;
  }
}

function measureRun({ data, outcome }: MeasuredEvent, meter: Meter): void {
  const wallSeconds = (numberOf(data["wallMs"]) ?? 0) / 1000;
  const cpuMs = numberOf(data["cpuMs"]);
  meter("runs", 1, wallSeconds);
  meter("resource_usage", 1, cpuMs === undefined ? wallSeconds : cpuMs / 1000);
  const memory = numberOf(data["memoryPeakBytes"]);
  if (memory !== undefined) {
    meter("run_memory_bytes", 1, memory);
  }
  if (outcome === "failed") {
    meter("run_failures", 1, 1);
  }
}

const NANO = 1e9;

function measureCall({ data, outcome }: MeasuredEvent, meter: Meter): void {
  meter("model_calls", 1, (numberOf(data["wallMs"]) ?? 0) / 1000);
  if (outcome !== "ok") {
    meter("model_errors", 1, 1);
  }
  meter("model_tokens", 1, (numberOf(data["inputTokens"]) ?? 0) + (numberOf(data["outputTokens"]) ?? 0));
  const nano = numberOf(data["costNano"]);
  if (nano !== undefined) {
    meter("model_spend_usd", 1, nano / NANO);
  }
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && value >= 0 ? Math.min(value, MOST) : undefined;
}

function idOf(event: MeasuredEvent, kind: SubjectKind): string | undefined {
  switch (kind) {
    case "user":
      return event.userId ?? (event.actorType === "user" ? event.actorId : undefined);
    case "member":
      return event.actorType === "member" ? event.actorId : undefined;
    case "token":
      return event.tokenId ?? (event.actorType === "token" ? event.actorId : undefined);
    case "address":
      return event.address;
    case "channel":
      return event.channel;
    case "model": {
      const model = event.data["model"];
      return typeof model === "string" ? model : undefined;
    }
    case "route":
      return undefined;
  }
}
