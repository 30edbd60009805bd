/** Takes out what is over for long. In batches, so that nothing is locked for long. */
import type { Pool } from "pg";

/** Days that deliveries, ended silences and resolved alerts are kept. */
const KEPT_DAYS = { deliveries: 30, alerts: 90 } as const;
const BATCH_ROWS = 2_000;

const STATEMENTS = [
  `DELETE FROM alert_delivery WHERE id IN (SELECT id FROM alert_delivery
     WHERE state <> 'waiting' AND finished_at < now() - interval '${KEPT_DAYS.deliveries} days' LIMIT ${BATCH_ROWS})`,
  `DELETE FROM alert_notice WHERE id IN (SELECT n.id FROM alert_notice n LEFT JOIN alert a ON a.id = n.alert_id
     WHERE n.delivery_id IS NOT NULL AND (a.id IS NULL OR a.resolved_at < now() - interval '${KEPT_DAYS.deliveries} days') LIMIT ${BATCH_ROWS})`,
  `DELETE FROM alert WHERE id IN (SELECT id FROM alert
     WHERE state = 'resolved' AND resolved_at < now() - interval '${KEPT_DAYS.alerts} days' LIMIT ${BATCH_ROWS})`,
  `DELETE FROM alert_silence WHERE id IN (SELECT id FROM alert_silence
     WHERE ends_at < now() - interval '${KEPT_DAYS.alerts} days' LIMIT ${BATCH_ROWS})`,
];

export async function forgetOldAlerts(pool: Pool): Promise<void> {
  for (const statement of STATEMENTS) {
    let removed: number;
    do {
      removed = (await pool.query(statement)).rowCount ?? 0;
    } while (removed === BATCH_ROWS);
  }
}
