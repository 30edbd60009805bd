/** Rows of locks as the doors need them. */
import type { Pool } from "pg";
import { type Lock, type LockKind } from "#server/incidents/policy.ts";

interface LockRow {
  id: string;
  kind: LockKind;
  target: string;
  message: string;
  drill: boolean;
  set_at: Date;
  expires_at: Date | null;
}

const IN_FORCE_SQL = `
SELECT id, kind, target, message, drill, set_at, expires_at FROM incident_lock
 WHERE ended_at IS NULL ORDER BY set_at, id`;

/** Every lock that has not ended, drills among them; also those whose time is over and that nobody has noted as ended yet. */
export async function readLocks(pool: Pool): Promise<Lock[]> {
  const { rows } = await pool.query<LockRow>({ name: "locks-in-force", text: IN_FORCE_SQL });
  return rows.map(({ id, kind, target, message, drill, set_at, expires_at }) => ({
    id,
    kind,
    target,
    message,
    drill,
    setAt: set_at,
    expiresAtMs: expires_at === null ? null : expires_at.getTime(),
  }));
}
