/** Deciding about a run that waits for approval: once, by somebody else, about exactly the bytes that were read. */
import { hex, noApproval, type ApprovalDeps } from "#server/approvals/approvals.ts";
import { StoredPrincipal } from "#server/approvals/requester.ts";
import type { DecideApproval } from "#server/approvals/schema.ts";
import { recordEvents } from "#server/audit/index.ts";
import type { Actor } from "#server/audit/schema.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError } from "#server/core/errors.ts";

/** Who decides. A person is the requester when any of these is theirs. */
export interface Decider {
  actor: Actor;
  address: string | undefined;
  userId: string | null;
  /** Null: no credential that could have asked, as the operator at the command line. */
  principalId: string | null;
  /** The member behind a console session; null = none. */
  memberId: string | null;
}

/**
 * Of any number of decisions one counts. An approved one is started by the server.
 * @throws AppError NOT_FOUND, FORBIDDEN (one's own), CONFLICT (decided already, expired, another hash than what is stored)
 */
export async function decideApproval(
  deps: ApprovalDeps,
  by: Decider,
  { id, approve, sha256 }: DecideApproval,
): Promise<void> {
  const row = await deps.db.runApproval.findUnique({ where: { id }, omit: { content: true } });
  if (row === null) {
    throw noApproval(id);
  }
  const { ownerId } = StoredPrincipal.parse(row.principal);
  const isOwn =
    (by.userId !== null && by.userId === row.userId) ||
    (by.principalId !== null && by.principalId === row.principalId && !row.principalId.startsWith("channel:")) ||
    (by.memberId !== null && by.memberId === ownerId);
  if (isOwn && approve) {
    throw await refuse(
      deps,
      by,
      id,
      "own_request",
      new AppError("FORBIDDEN", "Nobody approves what they asked for themselves."),
    );
  }
  if (!hex(row.sha256).startsWith(sha256.toLowerCase())) {
    const message = `${id} is not what you read: its hash begins with ${hex(row.sha256).slice(0, 8)}. Read it again.`;
    throw await refuse(deps, by, id, "hash_wrong", new AppError("CONFLICT", message));
  }
  const now = new Date(deps.clock.now());
  const done = await withTx(deps.db, async (tx) => {
    const { count } = await tx.runApproval.updateMany({
      where: { id, state: "pending", expiresAt: { gt: now } },
      data: {
        state: approve ? "approved" : "refused",
        decidedBy: `${by.actor.type}:${by.actor.id}`,
        decidedAt: now,
      },
    });
    if (count === 1) {
      await recordEvents(tx, [
        {
          event: approve ? "run.approval_granted" : "run.approval_denied",
          outcome: "ok",
          actor: by.actor,
          address: by.address,
          target: id,
          userId: row.userId ?? undefined,
          channel: row.channel,
          data: { sha256: hex(row.sha256) },
        },
      ]);
    }
    return count === 1;
  });
  if (!done) {
    const message = `${id} waits no more: it was decided already, or its hour is over.`;
    throw await refuse(deps, by, id, "not_pending", new AppError("CONFLICT", message));
  }
}

async function refuse(
  { refusals }: ApprovalDeps,
  { actor, address }: Decider,
  id: string,
  reason: string,
  error: AppError,
): Promise<AppError> {
  await refusals.record(`approval|${actor.id}|${id}|${reason}`, {
    event: "run.approval_rejected",
    outcome: "denied",
    actor,
    address,
    target: id,
    reason,
  });
  return error;
}
