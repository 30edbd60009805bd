/** What every change of a contact point begins and ends with: its row, held against others, and its event. */
import { SECRET_GRACE_MS } from "#server/alerts/policy.ts";
import { recordEvents } from "#server/audit/index.ts";
import type { Actor, AuditValue } from "#server/audit/schema.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import type { Db, Tx } from "#server/core/db/client.ts";
import { AppError } from "#server/core/errors.ts";

export interface PointEditDeps {
  db: Db;
  keyring: Keyring;
}

export type PointRow = NonNullable<Awaited<ReturnType<Tx["contactPoint"]["findUnique"]>>>;
export type PointSettings = Record<string, AuditValue>;

/** Until when a signing secret counts that is replaced now. */
export const graceEnd = (): Date => new Date(Date.now() + SECRET_GRACE_MS);

/** One change of contact points at a time; until the transaction ends. */
export const lockPoints = (tx: Tx): Promise<number> =>
  tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended('contact-points', 0))`;

/** @throws AppError NOT_FOUND */
export async function findPoint(tx: Tx, id: string): Promise<PointRow> {
  const row = await tx.contactPoint.findUnique({ where: { id } });
  if (row === null) {
    throw new AppError("NOT_FOUND", "There is no contact point with this id. It may have been removed.");
  }
  return row;
}

interface PointChange {
  name: string;
  type: string;
  before: PointSettings | null;
  after: PointSettings | null;
  secrets: string[];
}

export const recordPoint = (tx: Tx, actor: Actor, target: string, reason: string, data: PointChange): Promise<void> =>
  recordEvents(tx, [{ event: "alert.contact_point_changed", outcome: "ok", actor, target, reason, data: { ...data } }]);
