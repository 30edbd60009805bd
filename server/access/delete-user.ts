/** Removes a user's record: from then on that person is a stranger, with the rights of whatever token carries the message. */
import { recordEvents } from "#server/audit/index.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { editPolicy, refuseRoleBeyond, type PolicyEditDeps } from "#server/access/edit-policy.ts";
import type { Grantor } from "#server/access/grants.ts";
import { refuseOwnUnbinding } from "#server/access/own-binding.ts";
import { refuseStale } from "#server/access/revision.ts";
import { storedUser } from "#server/access/save-user.ts";
import { AppError } from "#server/core/errors.ts";
import { forgetUser } from "#server/memory/index.ts";

/**
 * @param seen what the caller was shown (see `refuseStale`).
 * @throws AppError NOT_FOUND, FORBIDDEN (beyond the grantor, own binding), CONFLICT (owned by the file, changed meanwhile).
 */
export async function deleteUser(deps: PolicyEditDeps, grantor: Grantor, id: string, seen?: string): Promise<void> {
  await editPolicy(deps, "users", async (tx, policy) => {
    const before = storedUser(policy, id);
    if (before === null) {
      throw new AppError("NOT_FOUND", `There is no user "${id}". See them with: openclaw access users list`);
    }
    refuseStale(`User "${id}"`, seen, before);
    if (policy.roles.has(before.role)) {
      refuseRoleBeyond(policy, grantor, before.role);
    }
    refuseOwnUnbinding(grantor, id, before.memberId);
    await tx.gatewayUser.delete({ where: { id } });
    // Whoever wrote as that person writes as nobody: an identity left behind would be that of the next one with the id.
    const identities = await tx.channelIdentity.findMany({ where: { userId: id } });
    await tx.channelIdentity.deleteMany({ where: { userId: id } });
    await tx.userFactor.deleteMany({ where: { userId: id } });
    await tx.senderProof.deleteMany({ where: { userId: id } });
    await forgetUser(tx, id);
    await recordEvents(tx, [
      ...identities.map(({ channel, senderId }): AuditEventInput => ({
        event: "channel.identity_removed",
        outcome: "ok",
        actor: grantor.actor,
        target: senderId,
        userId: id,
        channel,
      })),
      { event: "user.deleted", outcome: "ok", actor: grantor.actor, target: id, data: { before: { ...before } } },
    ]);
  });
}
