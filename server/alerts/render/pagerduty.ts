/**
 * An event of PagerDuty's Events API v2. It takes one alert at a time, and knows it again by `dedup_key`.
 * Source: https://developer.pagerduty.com/docs/send-alert-event
 */
import type { Notification } from "#server/alerts/notification.ts";
import type { AlertSeverity } from "#server/alerts/policy.ts";

const SEVERITIES: Record<AlertSeverity, string> = { warn: "warning", error: "error", critical: "critical" };
const SUMMARY_MAX = 1024;

export function pagerdutyBody({ alerts, origin, at }: Notification, routingKey: string) {
  const [alert] = alerts;
  const about = alert === undefined || alert.subject === "" ? "" : ` (${alert.subject})`;
  return {
    routing_key: routingKey,
    event_action: alert?.status === "resolved" ? "resolve" : "trigger",
    dedup_key: alert?.id ?? "",
    payload: {
      summary: `${alert?.rule ?? ""}${about}: ${alert?.summary ?? ""}`.slice(0, SUMMARY_MAX),
      source: origin,
      severity: SEVERITIES[alert?.severity ?? "warn"],
      timestamp: alert?.startedAt ?? at,
      component: alert?.subject ?? "",
      group: "openclaw-gateway",
    },
    links: alert === undefined ? [] : [{ href: alert.link, text: "Open the alert" }],
  };
}
