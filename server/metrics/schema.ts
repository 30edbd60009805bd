/** The catalogue of what is measured. Browser-safe. */
import type { AuditKind } from "#server/audit/schema.ts";

/** Widths of the buckets, in seconds: minute, hour, day. */
export const BUCKET_SECONDS = [60, 3600, 86_400] as const;
export type BucketSeconds = (typeof BUCKET_SECONDS)[number];

/** Whom or what a metric is told apart by; a subject is `<kind>:<id>`, and empty for all together. */
export type SubjectKind = "user" | "member" | "token" | "address" | "channel" | "model" | "route";

/**
 * What the subjects of a kind that had no place of their own any more are counted under (`other:address`), so that somebody with many addresses
 * cannot make the table grow.
 */
export const OTHER = "other";
/** The longest subject. */
const MAX_SUBJECT = 200;

/** Well formed, so that two subjects that differ here differ in the database too. */
export const subjectOf = (kind: SubjectKind | typeof OTHER, id: string): string =>
  `${kind}:${id}`.slice(0, MAX_SUBJECT).toWellFormed();

export interface MetricMeaning {
  label: string;
  /** Of one bucket's value: `failures`, `s`, `ms`, `USD` … */
  unit: string;
  meaning: string;
  /** Which of a bucket's three numbers is the metric's value; the others are told by `meaning` where they say something. */
  value: "count" | "sum" | "max";
  /** Counted from the record, exactly, and of use for finding attacks. */
  security: boolean;
  subjects: readonly SubjectKind[];
  /** Kinds of event it is counted from: where the configuration leaves one out of the record, the metric stays empty or too low. */
  kinds: readonly AuditKind[];
  /** The search of the record that finds those events; empty where it is counted from nothing on record. */
  record: string;
}

const WHO = ["user", "member", "token", "address", "channel"] as const;
const CALLER = ["user", "token"] as const;

/** The first five are those that `security.monitoring.anomalyDetection.metrics` can list. */
export const METRICS = {
  authentication_failures: {
    label: "Failed sign-ins",
    unit: "failures",
    meaning:
      "Attempts to prove who somebody is that failed: tokens, passwords, codes, webhook signatures, certificates.",
    value: "count",
    security: true,
    subjects: WHO,
    kinds: ["authentication_failure"],
    record: "kind:authentication_failure",
  },
  authorization_denials: {
    label: "Denied requests",
    unit: "denials",
    meaning: "Requests of known callers that the policy, or the port, denied.",
    value: "count",
    security: true,
    subjects: WHO,
    kinds: ["authorization_denied"],
    record: "kind:authorization_denied",
  },
  message_volume: {
    label: "Messages",
    unit: "messages",
    meaning: "Messages and run requests that were let through to a command.",
    value: "count",
    security: true,
    subjects: ["user", "token", "channel"],
    kinds: ["message_receive"],
    record: "event:message.received",
  },
  file_access_patterns: {
    label: "File accesses",
    unit: "accesses",
    meaning: "Files read or written, and accesses that were refused; the sum is their size in bytes.",
    value: "count",
    security: true,
    subjects: ["user", "token", "channel"],
    kinds: ["file_access"],
    record: "event:file.*",
  },
  resource_usage: {
    label: "CPU time of runs",
    unit: "s",
    meaning:
      "CPU seconds of the runs that ended, where the engine gives no figure their running time; the count is of runs, the maximum that of the heaviest.",
    value: "sum",
    security: true,
    subjects: ["user", "token", "channel"],
    kinds: ["agent_execution"],
    record: "event:run.ended",
  },
  rate_limited: {
    label: "Refused by a limit",
    unit: "refusals",
    meaning: "Messages, requests and connections that a limit refused.",
    value: "count",
    security: true,
    subjects: WHO,
    kinds: ["rate_limit_exceeded"],
    record: "kind:rate_limit_exceeded",
  },
  errors: {
    label: "Errors",
    unit: "errors",
    meaning:
      "Faults on record: failed requests, deliveries, stores and backups, and requests that asked for something impossible.",
    value: "count",
    security: false,
    subjects: ["channel"],
    kinds: ["errors"],
    record: "kind:errors",
  },
  suspicious_activity: {
    label: "Suspicious activity",
    unit: "events",
    meaning: "Events of the kinds suspicious_activity and sandbox_escape.",
    value: "count",
    security: true,
    subjects: WHO,
    kinds: ["suspicious_activity", "sandbox_escape"],
    record: "kind:suspicious_activity",
  },
  runs: {
    label: "Runs",
    unit: "runs",
    meaning: "Runs that ended; the sum is their running time in seconds.",
    value: "count",
    security: false,
    subjects: ["user", "token", "channel"],
    kinds: ["agent_execution"],
    record: "event:run.ended",
  },
  run_failures: {
    label: "Failed runs",
    unit: "runs",
    meaning: "Runs that ended with a failure, or could not be carried out.",
    value: "count",
    security: false,
    subjects: ["user", "token", "channel"],
    kinds: ["agent_execution"],
    record: "event:run.ended outcome:failed",
  },
  run_memory_bytes: {
    label: "Memory of runs",
    unit: "bytes",
    meaning: "The most memory that one of the runs that ended had in use at once.",
    value: "max",
    security: false,
    subjects: ["user", "token"],
    kinds: ["agent_execution"],
    record: "event:run.ended",
  },
  model_calls: {
    label: "Model calls",
    unit: "calls",
    meaning: "Calls of models that ended; the sum is their duration in seconds.",
    value: "count",
    security: false,
    subjects: [...CALLER, "model"],
    kinds: ["agent_execution"],
    record: "event:model.called",
  },
  model_errors: {
    label: "Failed model calls",
    unit: "calls",
    meaning: "Calls of models that were not answered in full.",
    value: "count",
    security: false,
    subjects: [...CALLER, "model"],
    kinds: ["agent_execution"],
    record: "event:model.called outcome:failed",
  },
  model_spend_usd: {
    label: "Model spend",
    unit: "USD",
    meaning: "Price of the calls of models that ended, as far as prices are known; the count is of those calls.",
    value: "sum",
    security: true,
    subjects: [...CALLER, "model"],
    kinds: ["agent_execution"],
    record: "event:model.called",
  },
  model_tokens: {
    label: "Model tokens",
    unit: "tokens",
    meaning: "Tokens sent to models and received from them.",
    value: "sum",
    security: false,
    subjects: [...CALLER, "model"],
    kinds: ["agent_execution"],
    record: "event:model.called",
  },
  requests: {
    label: "Requests",
    unit: "requests",
    meaning: "HTTP requests answered by the gateway and the console.",
    value: "count",
    security: false,
    subjects: ["route"],
    kinds: [],
    record: "",
  },
  request_faults: {
    label: "Failed requests",
    unit: "requests",
    meaning: "HTTP requests answered with a status of 500 or above, or cut off before their answer was through.",
    value: "count",
    security: false,
    subjects: ["route"],
    kinds: [],
    record: "",
  },
  latency_ms: {
    label: "Time to answer",
    unit: "ms",
    meaning:
      "Milliseconds from a request to the end of its answer, streams left out: the slowest of each bucket; the sum divided by the count is the mean.",
    value: "max",
    security: false,
    subjects: ["route"],
    kinds: [],
    record: "",
  },
  open_streams: {
    label: "Open streams",
    unit: "streams",
    meaning: "Requests under way and live connections of one server at the same time, the most that was seen.",
    value: "max",
    security: false,
    subjects: [],
    kinds: [],
    record: "",
  },
  run_queue: {
    label: "Waiting runs",
    unit: "runs",
    meaning: "Runs that wait for a worker, the most that was seen.",
    value: "max",
    security: false,
    subjects: [],
    kinds: [],
    record: "",
  },
  audit_backlog: {
    label: "Unsealed batches",
    unit: "batches",
    meaning: "Batches of events that are durable and wait for the sealer, the most that was seen.",
    value: "max",
    security: false,
    subjects: [],
    kinds: [],
    record: "",
  },
  event_loop_delay_ms: {
    label: "Event loop delay",
    unit: "ms",
    meaning: "The longest time for which the server's event loop could do nothing else.",
    value: "max",
    security: false,
    subjects: [],
    kinds: [],
    record: "",
  },
  memory_bytes: {
    label: "Server memory",
    unit: "bytes",
    meaning: "Resident memory of one server process, the most that was seen.",
    value: "max",
    security: false,
    subjects: [],
    kinds: [],
    record: "",
  },
} as const satisfies Record<string, MetricMeaning>;

export type MetricName = keyof typeof METRICS;
export const METRIC_NAMES = Object.keys(METRICS) as MetricName[];

export const meaningOfMetric = (metric: MetricName): MetricMeaning => METRICS[metric];

export const isMetric = (name: string): name is MetricName => Object.hasOwn(METRICS, name);

/** One bucket of a series. */
export interface SeriesPoint {
  /** Its beginning. */
  at: Date;
  count: number;
  sum: number;
  max: number;
}

/** The value of a bucket, in the metric's unit. */
export const valueOf = (metric: MetricName, point: Pick<SeriesPoint, "count" | "sum" | "max">): number =>
  point[METRICS[metric].value];
