/** Puts a notification into the queue, in the transaction of whoever has something to tell. */
import type { Notification } from "#server/alerts/notification.ts";
import { newAlertDeliveryId } from "#server/core/ids.ts";

/** Told when there is something to deliver. */
export const DELIVERY_WAITS = "openclaw_alert_delivery";

export interface NewDelivery {
  /** Default: a new one. */
  id?: string;
  pointId: string;
  groupKey: string;
  kind: "alerts" | "test";
  content: Notification;
  now: Date;
}

interface Statement {
  text: string;
  values: unknown[];
}

/** The statement that stores it, and its id, which receivers know repetitions by. Followed by `ANNOUNCE_SQL`. */
export function deliveryStatement(delivery: NewDelivery): Statement & { id: string } {
  const { pointId, groupKey, kind, content, now } = delivery;
  const id = delivery.id ?? newAlertDeliveryId(now.getTime());
  return {
    id,
    text: `INSERT INTO alert_delivery (id, point_id, point_name, group_key, kind, content, next_attempt_at, created_at)
     VALUES ($1, $2, coalesce((SELECT name FROM contact_point WHERE id = $2), $2), $3, $4, $5::jsonb, $6, $6)`,
    values: [id, pointId, groupKey, kind, JSON.stringify(content), now],
  };
}

export const ANNOUNCE_SQL = `SELECT pg_notify('${DELIVERY_WAITS}', '')`;
