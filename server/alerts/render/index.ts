/** The forms that receivers of webhooks understand. Pure. */
import { alertmanagerBody } from "#server/alerts/render/alertmanager.ts";
import { pagerdutyBody } from "#server/alerts/render/pagerduty.ts";
import { slackBody } from "#server/alerts/render/slack.ts";
import { standardBody } from "#server/alerts/render/standard.ts";
import type { Notification } from "#server/alerts/notification.ts";
import type { WebhookFormat } from "#server/alerts/policy.ts";

/** The JSON that goes to the receiver. @param routingKey of the receiver's service, for those that need one */
export function webhookBody(format: WebhookFormat, notification: Notification, routingKey: string | null): string {
  switch (format) {
    case "standard":
      return JSON.stringify(standardBody(notification));
    case "alertmanager":
      return JSON.stringify(alertmanagerBody(notification));
    case "slack":
      return JSON.stringify(slackBody(notification));
    case "pagerduty":
      return JSON.stringify(pagerdutyBody(notification, routingKey ?? ""));
  }
}
