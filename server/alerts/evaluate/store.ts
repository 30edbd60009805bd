/** Stores what one round found, with its record and what is to be told: all in the round's transaction. */
import type { PoolClient } from "pg";
import type { Change } from "#server/alerts/evaluate/apply.ts";
import type { OpenAlert, StoredRule, Target } from "#server/alerts/evaluate/rows.ts";
import { recordEventsOn } from "#server/audit/index.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";

const SYSTEM = { type: "system", id: "alerts" } as const;

export async function storeChange(client: PoolClient, { before, after }: Change): Promise<void> {
  if (after === null) {
    if (before !== null) {
      await client.query("DELETE FROM alert WHERE id = $1", [before.id]);
    }
    return;
  }
  await client.query({
    name: "alert-store",
    text: `INSERT INTO alert (id, rule_id, rule_name, subject, severity, state, value, summary, first_seq, last_seq, started_at, fired_at,
             clear_since, resolved_at, notified_at, silenced_by, flaps)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
           ON CONFLICT (id) DO UPDATE SET state = $6, value = $7, summary = $8, first_seq = $9, last_seq = $10, fired_at = $12,
             clear_since = $13, resolved_at = $14, notified_at = $15, silenced_by = $16, flaps = $17`,
    values: [
      after.id,
      after.ruleId,
      after.ruleName,
      after.subject,
      after.severity,
      after.state,
      after.value,
      after.summary,
      after.firstSeq,
      after.lastSeq,
      after.startedAt,
      after.firedAt,
      after.clearSince,
      after.resolvedAt,
      after.notifiedAt,
      after.silencedBy,
      after.flaps,
    ],
  });
}

/** @param why a resolved one is over */
export async function recordChanges(client: PoolClient, changes: readonly Change[], why: string): Promise<void> {
  const events = changes.flatMap(({ before, after }): AuditEventInput[] => {
    if (after === null) {
      return [];
    }
    const began = after.firedAt !== null && (before?.firedAt ?? null) === null;
    return [...(began ? [firedEvent(after)] : []), ...(after.state === "resolved" ? [resolvedEvent(after, why)] : [])];
  });
  await recordEventsOn(client, events);
}

const firedEvent = (alert: OpenAlert): AuditEventInput => ({
  event: "alert.fired",
  outcome: "ok",
  actor: SYSTEM,
  target: alert.id,
  reason: alert.silencedBy === null ? undefined : "silenced",
  because: alert.ruleId,
  data: {
    rule: alert.ruleName,
    subject: alert.subject,
    severity: alert.severity,
    firstSeq: alert.firstSeq,
    lastSeq: alert.lastSeq,
  },
});

const resolvedEvent = (alert: OpenAlert, reason: string): AuditEventInput => ({
  event: "alert.resolved",
  outcome: "ok",
  actor: SYSTEM,
  target: alert.id,
  reason,
  because: alert.ruleId,
  data: {
    rule: alert.ruleName,
    subject: alert.subject,
    seconds: Math.round(((alert.resolvedAt?.getTime() ?? 0) - (alert.firedAt ?? alert.startedAt).getTime()) / 1000),
  },
});

/**
 * Puts what is to be told before everybody who is to hear it. The end of an alert is told to those who were told of it, whoever receives the
 * rule's alerts now.
 */
export async function addNotices(
  client: PoolClient,
  rule: Pick<StoredRule, "id" | "grouping" | "contactPoints">,
  changes: readonly Change[],
  targets: readonly Target[],
  now: Date,
): Promise<void> {
  const heard = targets.filter(({ id, receivesAll }) => receivesAll || rule.contactPoints.includes(id));
  const notices = changes.flatMap(({ after, notice }) =>
    after === null || notice === null || notice === "resolved"
      ? []
      : heard.map(({ id, single }) => ({
          alertId: after.id,
          pointId: id,
          groupKey: single || rule.grouping === "subject" ? after.id : rule.id,
          kind: notice,
        })),
  );
  if (notices.length > 0) {
    await client.query(
      `INSERT INTO alert_notice (alert_id, point_id, group_key, kind, created_at)
       SELECT *, $5::timestamptz FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])`,
      [
        notices.map(({ alertId }) => alertId),
        notices.map(({ pointId }) => pointId),
        notices.map(({ groupKey }) => groupKey),
        notices.map(({ kind }) => kind),
        now,
      ],
    );
  }
  const over = changes.flatMap(({ after, notice }) => (after !== null && notice === "resolved" ? [after.id] : []));
  if (over.length > 0) {
    await client.query(
      `INSERT INTO alert_notice (alert_id, point_id, group_key, kind, created_at)
       SELECT DISTINCT n.alert_id, n.point_id, n.group_key, 'resolved', $2::timestamptz
         FROM alert_notice n JOIN contact_point p ON p.id = n.point_id AND p.enabled WHERE n.alert_id = ANY($1)`,
      [over, now],
    );
  }
}
