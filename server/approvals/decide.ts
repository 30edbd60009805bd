/** Deciding about a run that waits for approval: once, by somebody else, about exactly the bytes that were read. */
import { hex, noApproval, type ApprovalDeps } from "#server/approvals/approvals.ts";
import type { PolicySnapshot } from "#server/access/schema.ts";
import { samePerson, type Identity, type SamePerson } from "#server/approvals/person.ts";
import { requesterOf } from "#server/approvals/requester.ts";
import type { DecideApproval } from "#server/approvals/schema.ts";
import { recordEvents } from "#server/audit/index.ts";
import type { Actor } from "#server/audit/schema.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError } from "#server/core/errors.ts";

export interface Decider {
  actor: Actor;
  address: string | undefined;
  /** Who that is, and by which policy; null = nobody who could have asked, as the operator at the command line. */
  person: { identity: Identity; policy: Pick<PolicySnapshot, "users"> } | null;
}

const OWN: Readonly<Record<SamePerson, string>> = {
  own_request: "Nobody approves what they asked for themselves.",
  same_member:
    "Nobody approves what they asked for themselves, and who asked is the same console member as you. Somebody else has to decide.",
  same_owner:
    "Nobody approves what they asked for themselves, and the token that asked has the same owner as you. Somebody else has to decide.",
};

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
  const { person } = by;
  const same = person === null ? null : samePerson(person.policy, person.identity, requesterOf(row));
  if (same !== null && approve) {
    throw await refuse(deps, by, id, same, new AppError("FORBIDDEN", OWN[same]));
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
