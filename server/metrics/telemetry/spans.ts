/**
 * Spans from what is on record and from answered requests. Pure.
 * Threat: a tracing system is read by more people than the record, and often lies elsewhere. No span holds a text of anybody, a name, an address or a
 * credential: only words of ours, names of models and profiles, ids of runs and requests, and numbers.
 */
import { isSampled, spanIdOf, traceOf } from "#server/metrics/telemetry/trace-ids.ts";

export type AttributeValue = string | number | boolean;

export interface Span {
  traceId: string;
  spanId: string;
  parentSpanId: string | null;
  name: string;
  kind: "internal" | "server" | "client";
  /** Milliseconds since 1970. */
  startMs: number;
  endMs: number;
  attributes: Record<string, AttributeValue>;
  /** The word for what went wrong; null = nothing did. */
  failure: string | null;
}

/** A row of the record, as far as a span is made of it. */
export interface TracedEvent {
  seq: number;
  atMs: number;
  event: string;
  outcome: string;
  requestId: string | null;
  target: string | null;
  reason: string | null;
  data: Readonly<Record<string, unknown>>;
}

/** Names of the events that spans are made of. */
export const TRACED_EVENTS = [
  "message.received",
  "message.refused",
  "access.denied",
  "limit.exceeded",
  "run.ended",
  "run.refused",
  "model.called",
] as const;

/** The span behind an event, or null where there is none or its trace is not among those kept. */
export function spanOfEvent(event: TracedEvent, ratio: number): Span | null {
  const { requestId } = event;
  if (requestId === null) {
    return null;
  }
  const { traceId } = traceOf(requestId);
  if (!isSampled(traceId, ratio)) {
    return null;
  }
  const common = {
    traceId,
    parentSpanId: spanIdOf("request", requestId),
    endMs: event.atMs,
    failure: event.outcome === "ok" ? null : (event.reason ?? event.outcome),
  };
  const attributes = { "openclaw.request_id": requestId, "openclaw.audit.seq": event.seq };
  switch (event.event) {
    case "run.ended":
    case "run.refused":
      return { ...common, ...runSpan(event, attributes) };
    case "model.called":
      return { ...common, ...modelSpan(event, attributes, common.parentSpanId) };
    default:
      return {
        ...common,
        spanId: spanIdOf("event", String(event.seq)),
        name: "decision",
        kind: "internal",
        startMs: event.atMs,
        attributes: {
          ...attributes,
          "openclaw.decision": event.event,
          ...present("openclaw.reason", event.reason),
          // The name of a command that exists; what somebody else typed in its place is none of a tracer's business.
          ...(event.event === "message.received" ? present("openclaw.command", event.data["command"]) : {}),
        },
      };
  }
}

const RUN_ID = /^run_[0-9a-z]+$/;

function runSpan({ atMs, target, reason, data }: TracedEvent, attributes: Span["attributes"]) {
  const runId = target ?? "";
  return {
    spanId: spanIdOf("run", runId),
    name: "run",
    kind: "internal" as const,
    startMs: atMs - (numberOf(data["wallMs"]) ?? 0),
    attributes: {
      ...attributes,
      "openclaw.run.id": runId,
      ...present("openclaw.run.state", data["state"]),
      ...present("openclaw.run.end", reason),
      ...present("openclaw.run.exit_code", data["exitCode"]),
      ...present("openclaw.run.cpu_ms", data["cpuMs"]),
      ...present("openclaw.run.memory_peak_bytes", data["memoryPeakBytes"]),
    },
  };
}

const NANO = 1e9;

/** As the semantic conventions for generative AI name it. */
function modelSpan({ seq, atMs, target, reason, data }: TracedEvent, common: Span["attributes"], request: string) {
  const path = typeof data["path"] === "string" ? data["path"] : "";
  const [provider, model] = splitModel(data["model"]);
  const [, asked] = splitModel(data["asked"]);
  const operation = path.includes("embeddings")
    ? "embeddings"
    : path.includes("count_tokens")
      ? "count_tokens"
      : "chat";
  const cost = numberOf(data["costNano"]);
  return {
    spanId: spanIdOf("event", String(seq)),
    parentSpanId: target !== null && RUN_ID.test(target) ? spanIdOf("run", target) : request,
    name: `${operation} ${asked ?? model ?? ""}`.trim(),
    kind: "client" as const,
    startMs: atMs - (numberOf(data["wallMs"]) ?? 0),
    attributes: {
      ...common,
      "gen_ai.operation.name": operation,
      ...present("gen_ai.provider.name", provider),
      ...present("gen_ai.request.model", asked ?? model),
      ...present("gen_ai.response.model", model),
      ...present("gen_ai.usage.input_tokens", data["inputTokens"]),
      ...present("gen_ai.usage.output_tokens", data["outputTokens"]),
      ...present("http.response.status_code", data["status"]),
      ...(reason === "answered" ? {} : present("error.type", reason)),
      ...(cost === undefined ? {} : { "openclaw.cost_usd": cost / NANO }),
    },
  };
}

/** `provider/model` → its two parts. */
function splitModel(name: unknown): [provider: string | undefined, model: string | undefined] {
  if (typeof name !== "string") {
    return [undefined, undefined];
  }
  const at = name.indexOf("/");
  return at < 0 ? [undefined, name] : [name.slice(0, at), name.slice(at + 1)];
}

export interface AnsweredRequest {
  requestId: string;
  method: string;
  /** As it is registered: `/api/v1/runs/:id`. */
  route: string;
  status: number;
  startMs: number;
  endMs: number;
}

/** The span of a request, or null where its trace is not among those kept. */
export function spanOfRequest({ requestId, method, route, status, startMs, endMs }: AnsweredRequest, ratio: number) {
  const { traceId, parentSpanId } = traceOf(requestId);
  return isSampled(traceId, ratio)
    ? ({
        traceId,
        spanId: spanIdOf("request", requestId),
        parentSpanId,
        name: `${method} ${route}`,
        kind: "server",
        startMs,
        endMs,
        attributes: {
          "http.request.method": method,
          "http.route": route,
          "http.response.status_code": status,
          "openclaw.request_id": requestId,
        },
        failure: status >= 500 ? String(status) : null,
      } satisfies Span)
    : null;
}

function present(name: string, value: unknown): Record<string, AttributeValue> {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? { [name]: value } : {};
}

const numberOf = (value: unknown): number | undefined =>
  typeof value === "number" && value >= 0 && Number.isFinite(value) ? value : undefined;
