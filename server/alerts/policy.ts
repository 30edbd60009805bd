/** Words of alerts. Pure, browser-safe, without a library. */

export const CONDITION_TYPES = ["metric", "anomaly", "event", "absence"] as const;
export type ConditionType = (typeof CONDITION_TYPES)[number];

export const ALERT_SEVERITIES = ["warn", "error", "critical"] as const;
export type AlertSeverity = (typeof ALERT_SEVERITIES)[number];

/** Of the buckets in a window: their sums added up, how many there were, the highest maximum, sum by count. */
export const AGGREGATES = ["sum", "count", "max", "average"] as const;
export type Aggregate = (typeof AGGREGATES)[number];

export const COMPARISONS = ["above", "at_least", "below", "at_most"] as const;
export type Comparison = (typeof COMPARISONS)[number];

export const NO_DATA = ["ok", "alert", "keep"] as const;
export type NoData = (typeof NO_DATA)[number];

export const GROUPINGS = ["rule", "subject"] as const;
export type Grouping = (typeof GROUPINGS)[number];

/** Which member of an event makes the subject of an alert. */
export const EVENT_SUBJECTS = ["actor", "user", "address", "channel", "target", "event"] as const;
export type EventSubject = (typeof EVENT_SUBJECTS)[number];

const OPEN_STATES = ["pending", "firing", "recovering"] as const;
export const ALERT_STATES = [...OPEN_STATES, "resolved"] as const;
export type AlertState = (typeof ALERT_STATES)[number];

export const POINT_TYPES = ["email", "webhook"] as const;
export type PointType = (typeof POINT_TYPES)[number];

export const WEBHOOK_FORMATS = ["standard", "alertmanager", "slack", "pagerduty"] as const;
export type WebhookFormat = (typeof WEBHOOK_FORMATS)[number];

/** How a mail server is spoken to: TLS from the first byte, STARTTLS without which nothing is sent, or in the clear. */
export const SMTP_SECURITY = ["tls", "starttls", "none"] as const;
export type SmtpSecurity = (typeof SMTP_SECURITY)[number];

export const DELIVERY_STATES = ["waiting", "sent", "failed"] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** What a silence can be about. */
export const LABELS = ["rule", "severity", "subject", "condition"] as const;
export const MATCHER_OPERATORS = ["is", "is_not", "like"] as const;
export type MatcherOperator = (typeof MATCHER_OPERATORS)[number];

const MINUTE_MS = 60_000;
/** Milliseconds that both secrets of a webhook are used after a rotation. */
export const SECRET_GRACE_MS = 24 * 60 * MINUTE_MS;
/** Alerts of one rule that can be open at a time; further subjects are left out. */
export const MAX_SUBJECTS = 200;
export const WINDOW_MS = { least: MINUTE_MS, most: 31 * 24 * 60 * MINUTE_MS } as const;
/** Ids of the contact points that the configuration file makes. */
export const FILE_POINTS = { email: "file:email", webhook: "file:webhook" } as const;

export function compares(comparison: Comparison, value: number, threshold: number): boolean {
  switch (comparison) {
    case "above":
      return value > threshold;
    case "at_least":
      return value >= threshold;
    case "below":
      return value < threshold;
    case "at_most":
      return value <= threshold;
  }
}
