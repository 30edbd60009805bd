/** What is said about alerts: rules, silences, contact points, and what the console is told. Browser-safe. */
import { z } from "zod";
import {
  AGGREGATES,
  ALERT_SEVERITIES,
  COMPARISONS,
  EVENT_SUBJECTS,
  GROUPINGS,
  LABELS,
  MATCHER_OPERATORS,
  NO_DATA,
  WINDOW_MS,
} from "#server/alerts/policy.ts";
import { AUDIT_KINDS, OUTCOMES, SECURITY_KINDS, SEVERITIES } from "#server/audit/schema.ts";

const DAY_MS = 24 * 60 * 60_000;

/** A text for people: bounded, one line, nothing invisible. */
const line = (max: number) =>
  z
    .string()
    .trim()
    .max(max)
    .refine((value) => !/[\p{Cc}\p{Cf}]/u.test(value), "must be one line without invisible characters");

export const PointName = line(80).min(1, "must not be blank");
const windowMs = z.int().min(WINDOW_MS.least).max(WINDOW_MS.most);
const metricName = z.string().regex(/^[a-z][a-z0-9_]{0,59}$/, "must be the name of a metric");
/** Empty = all together, `<kind>:<id>`, or `<kind>:*` for each by itself. */
const metricSubject = line(160).refine(
  (value) => value === "" || /^[a-z_]+:./.test(value),
  'must be empty, "<kind>:<id>" or "<kind>:*"',
);

export const EventMatch = z.strictObject({
  /** Names of events, or beginnings such as `backup.*`. With `kinds`: either. */
  events: z
    .array(z.string().regex(/^[a-z_]+(?:\.[a-z_]*)?\*?$/, "must be the name of an event"))
    .max(50)
    .default([]),
  kinds: z
    .array(z.enum([...AUDIT_KINDS, ...SECURITY_KINDS]))
    .max(20)
    .default([]),
  /** This or graver. */
  severity: z.enum(SEVERITIES).nullable().default(null),
  outcome: z.enum(OUTCOMES).nullable().default(null),
});
export type EventMatch = z.output<typeof EventMatch>;

const MetricCondition = z.strictObject({
  type: z.literal("metric"),
  metric: metricName,
  subject: metricSubject.default(""),
  aggregate: z.enum(AGGREGATES),
  windowMs,
  comparison: z.enum(COMPARISONS),
  threshold: z.number(),
});
const AnomalyCondition = z.strictObject({
  type: z.literal("anomaly"),
  /** Null = any. */
  metric: metricName.nullable().default(null),
  minScore: z.number().min(0).max(1),
});
const EventCondition = z.strictObject({
  type: z.literal("event"),
  match: EventMatch,
  by: z.enum(EVENT_SUBJECTS).nullable().default(null),
  count: z.int().min(1).max(1_000_000).default(1),
  windowMs,
});
const AbsenceCondition = z.strictObject({
  type: z.literal("absence"),
  of: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("event"), match: EventMatch }),
    z.strictObject({ kind: z.literal("metric"), metric: metricName, subject: metricSubject.default("") }),
  ]),
  windowMs,
});

export const Condition = z.discriminatedUnion("type", [
  MetricCondition,
  AnomalyCondition,
  EventCondition,
  AbsenceCondition,
]);
export type Condition = z.output<typeof Condition>;
export type MetricCondition = z.output<typeof MetricCondition>;
export type EventCondition = z.output<typeof EventCondition>;
export type AnomalyCondition = z.output<typeof AnomalyCondition>;
export type AbsenceCondition = z.output<typeof AbsenceCondition>;

const waitMs = z
  .int()
  .min(0)
  .max(7 * DAY_MS);

export const RuleDraft = z.strictObject({
  name: line(80).min(1, "must not be blank"),
  description: line(500).default(""),
  condition: Condition,
  severity: z.enum(ALERT_SEVERITIES),
  forMs: waitMs.default(0),
  keepFiringMs: waitMs.default(0),
  remindMs: z
    .int()
    .min(60_000)
    .max(30 * DAY_MS)
    .nullable()
    .default(null),
  noData: z.enum(NO_DATA).default("keep"),
  grouping: z.enum(GROUPINGS).default("rule"),
  /** Ids of contact points beside those that receive everything. */
  contactPoints: z.array(z.string().min(1).max(64)).max(20).default([]),
});
export type RuleDraft = z.output<typeof RuleDraft>;

export const RuleId = z.strictObject({ id: z.string().min(1).max(64) });
/** The version that the caller has seen: what somebody else changed meanwhile is not overwritten. */
const version = z.int().min(1);
export const UpdateRule = z.strictObject({ id: z.string().min(1).max(64), version, rule: RuleDraft });
export const PauseRule = z.strictObject({ id: z.string().min(1).max(64), paused: z.boolean() });

export const Rule = z.object({
  ...RuleDraft.shape,
  id: z.string(),
  builtin: z.string().nullable(),
  paused: z.boolean(),
  /** The key of the configuration that keeps it from being evaluated; null = none does. */
  offBecause: z.string().nullable(),
  version: z.int(),
  health: z.enum(["ok", "no_data", "failed"]).nullable(),
  evaluatedAt: z.date().nullable(),
  firing: z.int(),
  pending: z.int(),
  updatedAt: z.date(),
  updatedBy: z.string(),
});
export type Rule = z.output<typeof Rule>;

export const Matcher = z.strictObject({
  label: z.enum(LABELS),
  operator: z.enum(MATCHER_OPERATORS),
  value: line(160),
});
export type Matcher = z.output<typeof Matcher>;

export const SilenceDraft = z.strictObject({
  matchers: z.array(Matcher).min(1, "needs at least one matcher").max(10),
  comment: line(300).min(1, "must say why"),
  /** Absent: from now on. */
  startsAt: z.date().optional(),
  endsAt: z.date(),
});
export type SilenceDraft = z.output<typeof SilenceDraft>;

export const Silence = z.object({
  id: z.string(),
  matchers: z.array(Matcher),
  comment: z.string(),
  startsAt: z.date(),
  endsAt: z.date(),
  state: z.enum(["planned", "active", "ended"]),
  createdBy: z.string(),
  createdAt: z.date(),
  endedBy: z.string().nullable(),
});
export type Silence = z.output<typeof Silence>;
