/**
 * The body that Prometheus Alertmanager sends to webhooks, version 4.
 * Source: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
 */
import type { Notification, NotifiedAlert } from "#server/alerts/notification.ts";

/** Alertmanager's word for a time that is not there. */
const NEVER = "0001-01-01T00:00:00Z";

export function alertmanagerBody({ group, status, origin, alerts, more }: Notification) {
  const common = alerts.every(({ rule }) => rule === alerts[0]?.rule) ? { alertname: alerts[0]?.rule ?? "" } : {};
  return {
    version: "4",
    groupKey: group,
    truncatedAlerts: more,
    status,
    receiver: "openclaw",
    groupLabels: common,
    commonLabels: common,
    commonAnnotations: {},
    externalURL: origin,
    alerts: alerts.map(alertOf),
  };
}

const alertOf = (alert: NotifiedAlert) => ({
  status: alert.status,
  labels: { alertname: alert.rule, severity: alert.severity, subject: alert.subject },
  annotations: { summary: alert.summary },
  startsAt: alert.startedAt,
  endsAt: alert.endedAt ?? NEVER,
  generatorURL: alert.link,
  fingerprint: alert.id,
});
