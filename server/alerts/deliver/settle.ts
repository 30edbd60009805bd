/** Keeps what became of an attempt: the log of attempts, the delivery's state, the record of a failure, and a contact point that is gone. */
import type { Pool, PoolClient } from "pg";
import { inTransaction } from "#server/core/db/in-transaction.ts";
import type { ClaimedDelivery } from "#server/alerts/deliver/claim.ts";
import type { Outcome } from "#server/alerts/deliver/outcome.ts";
import { waitAfter, type RetryTiming } from "#server/alerts/timing.ts";
import { recordEventsOn } from "#server/audit/index.ts";

const SYSTEM = { type: "system", id: "alerts" } as const;

export interface Attempted {
  at: Date;
  durationMs: number;
  outcome: Omit<Outcome, "reason"> & { reason: string | null };
}

interface SettleDeps {
  pool: Pool;
  workerId: string;
  retry: RetryTiming;
  /** From 0 to below 1. */
  chance: () => number;
}

/** In one transaction. A worker that has lost the delivery to another changes nothing. */
export async function settle(deps: SettleDeps, claimed: ClaimedDelivery, attempted: Attempted): Promise<void> {
  await inTransaction(deps.pool, async (client) => {
    const { rows } = await client.query<{ reason: string | null }>(
      "SELECT reason FROM alert_delivery WHERE id = $1 AND worker_id = $2 AND state = 'waiting' FOR UPDATE",
      [claimed.id, deps.workerId],
    );
    const [row] = rows;
    if (row !== undefined) {
      // A recipient who was refused earlier stays refused, whatever becomes of the others.
      const reason = attempted.outcome.reason ?? row.reason;
      await keep(deps, client, claimed, { ...attempted, outcome: { ...attempted.outcome, reason } });
    }
  });
}

async function keep(
  deps: SettleDeps,
  client: PoolClient,
  claimed: ClaimedDelivery,
  attempted: Attempted,
): Promise<void> {
  const { outcome, at, durationMs } = attempted;
  const { result, status, response, retryAfterMs, settled } = outcome;
  await client.query(
    `INSERT INTO alert_attempt (delivery_id, number, at, duration_ms, outcome, status, response)
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
    [claimed.id, claimed.attempt, at, durationMs, result === "gone" ? "refused" : result, status, response],
  );
  const waitMs = result === "again" ? waitAfter(claimed.attempt, retryAfterMs, deps.chance(), deps.retry) : null;
  if (waitMs !== null) {
    await client.query(
      `UPDATE alert_delivery SET next_attempt_at = now() + $2::float8 * interval '1 millisecond', worker_id = NULL, leased_until = NULL,
         settled = settled || $3::text[], reason = $4 WHERE id = $1`,
      [claimed.id, waitMs, settled, outcome.reason],
    );
    return;
  }
  const reason = result === "again" ? "attempts_exhausted" : outcome.reason;
  await client.query(
    `UPDATE alert_delivery SET state = $2, reason = $3, finished_at = now(), worker_id = NULL, leased_until = NULL,
       settled = settled || $4::text[] WHERE id = $1`,
    [claimed.id, result === "sent" ? "sent" : "failed", reason, settled],
  );
  if (reason !== null) {
    await recordEventsOn(client, [
      {
        event: "alert.delivery_failed",
        outcome: "failed",
        actor: SYSTEM,
        target: claimed.id,
        reason,
        because: claimed.pointId,
        data: { name: claimed.pointName, attempts: claimed.attempt, status },
      },
    ]);
  }
  if (result === "gone") {
    await switchOff(client, claimed);
  }
}

async function switchOff(client: PoolClient, { pointId }: ClaimedDelivery): Promise<void> {
  const { rows } = await client.query<{ name: string; type: string }>(
    `UPDATE contact_point SET enabled = false, disabled_reason = 'gone', version = version + 1, updated_at = now()
      WHERE id = $1 AND enabled RETURNING name, type`,
    [pointId],
  );
  const [point] = rows;
  if (point !== undefined) {
    await recordEventsOn(client, [
      {
        event: "alert.contact_point_changed",
        outcome: "ok",
        actor: SYSTEM,
        target: pointId,
        reason: "gone",
        data: { name: point.name, type: point.type },
      },
    ]);
  }
}
