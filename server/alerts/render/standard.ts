/** Our own form, as Standard Webhooks advises: a type, a time, and the data. */
import { headline, type Notification } from "#server/alerts/notification.ts";

export function standardBody(notification: Notification) {
  const { kind, at, status, group, origin, alerts, more } = notification;
  return {
    type: kind === "test" ? "alert.test" : `alert.${status}`,
    timestamp: at,
    data: { title: headline(notification), status, group, alerts, more, gateway: origin },
  };
}
