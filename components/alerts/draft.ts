/** A rule as its form holds it, with what a new one and a new condition begin with. */
import type { ConditionType } from "#server/alerts/policy.ts";
import type { Condition, Rule, RuleDraft } from "#server/alerts/schema.ts";

const MINUTE_MS = 60_000;

export const NEW_CONDITIONS: Record<ConditionType, Condition> = {
  metric: {
    type: "metric",
    metric: "authentication_failures",
    subject: "",
    aggregate: "count",
    windowMs: 5 * MINUTE_MS,
    comparison: "above",
    threshold: 50,
  },
  anomaly: { type: "anomaly", metric: null, minScore: 0.8 },
  event: {
    type: "event",
    match: { events: [], kinds: ["authentication_failure"], severity: null, outcome: null },
    by: "address",
    count: 20,
    windowMs: 5 * MINUTE_MS,
  },
  absence: {
    type: "absence",
    of: { kind: "event", match: { events: ["backup.created"], kinds: [], severity: null, outcome: null } },
    windowMs: 26 * 60 * MINUTE_MS,
  },
};

export const NEW_RULE: RuleDraft = {
  name: "",
  description: "",
  condition: NEW_CONDITIONS.event,
  severity: "warn",
  forMs: 0,
  keepFiringMs: 0,
  remindMs: null,
  noData: "keep",
  grouping: "rule",
  contactPoints: [],
};

export const draftOf = (rule: Rule): RuleDraft => ({
  name: rule.name,
  description: rule.description,
  condition: rule.condition,
  severity: rule.severity,
  forMs: rule.forMs,
  keepFiringMs: rule.keepFiringMs,
  remindMs: rule.remindMs,
  noData: rule.noData,
  grouping: rule.grouping,
  contactPoints: rule.contactPoints,
});
