/**
 * What a lock ends in the database, in the transaction that sets it: runs, approvals that wait, messages that wait for a code, sessions.
 * Workers and servers are told by the triggers of those rows, also where the process that sets the lock is a command line and every server is down.
 */
import { recordEvents } from "#server/audit/index.ts";
import type { Actor } from "#server/audit/schema.ts";
import { endSessions } from "#server/auth/index.ts";
import type { Tx } from "#server/core/db/client.ts";
import type { Lock } from "#server/incidents/policy.ts";
import type { CutCounts } from "#server/incidents/schema.ts";

interface Cutting {
  lock: Pick<Lock, "id" | "kind" | "target">;
  actor: Actor;
  now: Date;
  /** Users whose own role a lock of a role shuts out; the policy may be written in the configuration file. */
  users: readonly string[];
}

interface Ended {
  id: string;
  user_id: string | null;
  channel: string;
}

/** Ends it. Done again it finds nothing more. @returns how much of what. */
export async function cutStored(tx: Tx, { lock, actor, now, users }: Cutting): Promise<CutCounts> {
  const { id, kind, target } = lock;
  const asked = await tx.$queryRaw<Ended[]>`
    UPDATE run SET cancel_requested_at = now(), cancel_requested_by = ${`lock:${id}`}
     WHERE state IN ('queued', 'running') AND cancel_requested_at IS NULL
       AND lock_matches(${kind}, ${target}, user_id, role_name, principal_id, channel)
    RETURNING id, user_id, channel`;
  const approvals = await tx.$queryRaw<Ended[]>`
    UPDATE run_approval SET state = 'failed', reason = 'locked'
     WHERE state IN ('pending', 'approved')
       AND (lock_matches(${kind}, ${target}, user_id, principal ->> 'role', principal_id, channel) OR user_id = ANY(${users}::text[]))
    RETURNING id, user_id, channel`;
  const held = await tx.$executeRaw`
    DELETE FROM held_message
     WHERE lock_matches(${kind}, ${target}, user_id, NULL, 'channel:' || channel, channel) OR user_id = ANY(${users}::text[])`;
  const sessions =
    kind === "member" ? await endSessions(tx, { where: { memberId: target }, actor, reason: "locked", now }) : 0;
  const because = { reason: "locked", because: id, outcome: "ok" as const, actor };
  const of = ({ user_id, channel, id: about }: Ended) => ({ userId: user_id ?? undefined, channel, target: about });
  await recordEvents(tx, [
    ...asked.map((run) => ({ event: "run.cancel_requested" as const, ...because, ...of(run) })),
    ...approvals.map((approval) => ({ event: "run.approval_failed" as const, ...because, ...of(approval) })),
  ]);
  return { runs: asked.length, approvals: approvals.length, heldMessages: held, sessions };
}

/** What `cutStored` would end now. */
export async function countStored(
  tx: Pick<Tx, "$queryRaw">,
  { lock: { kind, target }, users }: Pick<Cutting, "users"> & { lock: Pick<Lock, "kind" | "target"> },
): Promise<CutCounts> {
  const [row] = await tx.$queryRaw<Record<"runs" | "approvals" | "held" | "sessions", number>[]>`
    SELECT
      (SELECT count(*)::int FROM run WHERE state IN ('queued', 'running') AND cancel_requested_at IS NULL
        AND lock_matches(${kind}, ${target}, user_id, role_name, principal_id, channel)) AS runs,
      (SELECT count(*)::int FROM run_approval WHERE state IN ('pending', 'approved')
        AND (lock_matches(${kind}, ${target}, user_id, principal ->> 'role', principal_id, channel)
          OR user_id = ANY(${users}::text[]))) AS approvals,
      (SELECT count(*)::int FROM held_message
        WHERE lock_matches(${kind}, ${target}, user_id, NULL, 'channel:' || channel, channel)
          OR user_id = ANY(${users}::text[])) AS held,
      (SELECT count(*)::int FROM console_session WHERE ${kind} = 'member' AND member_id = ${target} AND revoked_at IS NULL
        AND expires_at > now()) AS sessions`;
  return {
    runs: row?.runs ?? 0,
    approvals: row?.approvals ?? 0,
    heldMessages: row?.held ?? 0,
    sessions: row?.sessions ?? 0,
  };
}
