/** What has to be there before the first round: the cursor, at the present end of the record, and the rules that come with the product. */
import type { Pool } from "pg";
import { BUILTIN_RULES } from "#server/alerts/rules/builtin.ts";

/** May be called by several servers at once, and again with each start. A rule that was changed stays as it is. */
export async function seedAlerts(pool: Pool): Promise<void> {
  await pool.query(
    "INSERT INTO alert_cursor (id, seq) SELECT 1, coalesce(max(seq), 0) FROM audit_event ON CONFLICT DO NOTHING",
  );
  for (const { key, rule } of BUILTIN_RULES) {
    await pool.query(
      `INSERT INTO alert_rule (id, builtin, name, description, condition, severity, for_ms, keep_firing_ms, remind_ms, no_data, grouping,
         contact_points, updated_by)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'system') ON CONFLICT DO NOTHING`,
      [
        `builtin:${key}`,
        key,
        rule.name,
        rule.description,
        JSON.stringify(rule.condition),
        rule.severity,
        rule.forMs,
        rule.keepFiringMs,
        rule.remindMs,
        rule.noData,
        rule.grouping,
        rule.contactPoints,
      ],
    );
  }
}
