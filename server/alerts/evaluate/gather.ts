/** Makes one notification of the notices of a group once they are due, and queues it for delivery. In the round's transaction. */
import type { PoolClient } from "pg";
import { ANNOUNCE_SQL, deliveryStatement } from "#server/alerts/deliver/queue.ts";
import type { AlertSeverity } from "#server/alerts/policy.ts";
import { alertLink, MOST_LISTED, type Notification, type NotifiedAlert } from "#server/alerts/notification.ts";
import { dueAt, UNGROUPED, type GroupTiming } from "#server/alerts/timing.ts";

interface Group {
  pointId: string;
  groupKey: string;
  first: Date;
  last: Date | null;
  single: boolean;
}

interface GatherDeps {
  client: PoolClient;
  now: Date;
  timing: GroupTiming;
  /** The console's address. */
  origin: string;
}

/** @returns how many were queued, and when the next group is due */
export async function gather(deps: GatherDeps): Promise<{ queued: number; nextAt: number | null }> {
  const { client, now, timing } = deps;
  const { rows } = await client.query<Group>(
    `SELECT n.point_id AS "pointId", n.group_key AS "groupKey", min(n.created_at) AS first,
            (SELECT max(d.created_at) FROM alert_delivery d
              WHERE d.point_id = n.point_id AND d.group_key = n.group_key AND d.kind = 'alerts') AS last,
            coalesce((SELECT p.settings->>'format' = 'pagerduty' FROM contact_point p WHERE p.id = n.point_id), false) AS single
       FROM alert_notice n WHERE n.delivery_id IS NULL GROUP BY 1, 2 ORDER BY 3`,
  );
  let queued = 0;
  let nextAt: number | null = null;
  for (const group of rows) {
    const due = dueAt(group.first.getTime(), group.last?.getTime() ?? null, group.single ? UNGROUPED : timing);
    if (due <= now.getTime()) {
      await queueGroup(deps, group);
      queued += 1;
    } else {
      nextAt = Math.min(nextAt ?? due, due);
    }
  }
  return { queued, nextAt };
}

interface NotedAlert {
  id: string;
  kind: string;
  rule: string;
  severity: AlertSeverity;
  subject: string;
  summary: string;
  value: number | null;
  startedAt: Date;
  resolvedAt: Date | null;
  acknowledged: boolean;
  flaps: number;
}

async function queueGroup({ client, now, origin }: GatherDeps, { pointId, groupKey }: Group): Promise<void> {
  // The last notice of an alert counts: one that fired and was resolved in the meantime is told once, as over.
  const { rows } = await client.query<NotedAlert>(
    `SELECT DISTINCT ON (a.id) a.id, n.kind, a.rule_name AS rule, a.severity, a.subject, a.summary, a.value, a.started_at AS "startedAt",
            a.resolved_at AS "resolvedAt", a.acknowledged_at IS NOT NULL AS acknowledged, a.flaps
       FROM alert_notice n JOIN alert a ON a.id = n.alert_id
      WHERE n.delivery_id IS NULL AND n.point_id = $1 AND n.group_key = $2 ORDER BY a.id, n.id DESC`,
    [pointId, groupKey],
  );
  const alerts = rows.map((row) => notified(row, origin)).sort(firingFirst);
  const content: Notification = {
    kind: "alerts",
    group: groupKey,
    at: now.toISOString(),
    status: alerts.some(({ status }) => status === "firing") ? "firing" : "resolved",
    origin,
    alerts: alerts.slice(0, MOST_LISTED),
    more: Math.max(0, alerts.length - MOST_LISTED),
  };
  const { id, text, values } = deliveryStatement({ pointId, groupKey, kind: "alerts", content, now });
  await client.query(text, values);
  await client.query(ANNOUNCE_SQL);
  await client.query(
    "UPDATE alert_notice SET delivery_id = $3 WHERE delivery_id IS NULL AND point_id = $1 AND group_key = $2",
    [pointId, groupKey, id],
  );
}

const notified = (row: NotedAlert, origin: string): NotifiedAlert => ({
  id: row.id,
  rule: row.rule,
  severity: row.severity,
  status: row.kind === "resolved" ? "resolved" : "firing",
  subject: row.subject,
  summary: row.summary,
  value: row.value,
  startedAt: row.startedAt.toISOString(),
  endedAt: row.resolvedAt?.toISOString() ?? null,
  acknowledged: row.acknowledged,
  flaps: row.flaps,
  link: alertLink(origin, row.id),
});

const firingFirst = (one: NotifiedAlert, other: NotifiedAlert): number =>
  Number(one.status === "resolved") - Number(other.status === "resolved") || (one.startedAt < other.startedAt ? -1 : 1);
