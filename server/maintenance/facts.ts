/** When each part of the upkeep was last done, from what it left behind. Reads only. */
import type { Pool } from "pg";
import type { Config } from "#server/config/schema.ts";
import type { MaintenanceFacts, MaintenanceIntervals } from "#server/maintenance/policy.ts";

/** Events that a part of the upkeep leaves. */
const LEFT_BY = {
  permission_audit: ["permissions.checked", "permissions.fixed"],
  log_review: ["audit.read", "audit.exported"],
  security_scan: ["scan.finished"],
} as const;

export const maintenanceIntervals = ({
  security: { maintenance },
}: {
  security: Pick<Config["security"], "maintenance">;
}): MaintenanceIntervals => ({
  vulnerability_check: maintenance.vulnerabilityCheck,
  token_rotation: maintenance.tokenRotation,
  permission_audit: maintenance.permissionAudit,
  log_review: maintenance.logReview,
  security_scan: maintenance.securityScan,
  backup_verification: maintenance.backupVerification,
});

/** @param lastVerified the last test of a backup; one that failed does not count */
export async function readMaintenanceFacts(
  pool: Pool,
  lastVerified: { at: Date; ok: boolean } | null,
  now: Date,
): Promise<MaintenanceFacts> {
  const [events, oldest, checked] = await Promise.all([
    pool.query<{ event: string; at: Date }>(
      "SELECT event, max(hour) AS at FROM audit_tally WHERE event = ANY($1) AND count > 0 GROUP BY event",
      [Object.values(LEFT_BY).flat()],
    ),
    pool.query<{ token: Date | null; since: Date | null }>(
      `SELECT (SELECT min(created_at) FROM token WHERE revoked_at IS NULL AND superseded_at IS NULL AND (expires_at IS NULL OR expires_at > $1)) AS token,
              (SELECT min(hour) FROM audit_tally) AS since`,
      [now],
    ),
    // A look that found no source has told nothing.
    pool.query<{ at: Date | null }>("SELECT max(at) AS at FROM vulnerability_check WHERE verdict <> 'unknown'"),
  ]);
  const lastOf = (names: readonly string[]): Date | null =>
    events.rows
      .filter(({ event }) => names.includes(event))
      .reduce<Date | null>((latest, { at }) => (latest === null || at > latest ? at : latest), null);
  return {
    since: oldest.rows[0]?.since ?? now,
    last: {
      vulnerability_check: checked.rows[0]?.at ?? null,
      token_rotation: oldest.rows[0]?.token ?? undefined,
      permission_audit: lastOf(LEFT_BY.permission_audit),
      log_review: lastOf(LEFT_BY.log_review),
      security_scan: lastOf(LEFT_BY.security_scan),
      backup_verification: lastVerified?.ok === true ? lastVerified.at : null,
    },
  };
}
