/** Changes of members by those who administer them. Each ends what the change makes stale, and is on record in the same transaction. */
import type { Grantor } from "#server/access/index.ts";
import { recordEvents } from "#server/audit/index.ts";
import { endSessions, renewMember } from "#server/auth/index.ts";
import { changeMember, refuseLastAdmin, refuseRoleBeyond, type MemberDeps } from "#server/members/deps.ts";
import { AppError } from "#server/core/errors.ts";

/** Ends the member's sessions. @throws AppError as `changeMember`; INVALID_INPUT for an unknown role; CONFLICT for the last administrator. */
export async function setRole(deps: MemberDeps, grantor: Grantor, input: { id: string; role: string }): Promise<void> {
  const { id, role } = input;
  await changeMember(deps, grantor, id, async (tx, member, now) => {
    const policy = deps.policy.current();
    refuseRoleBeyond(policy, grantor, role);
    if (member.roleName === role) {
      return;
    }
    if (policy.roles.get(role)?.permissions.includes("*") !== true) {
      await refuseLastAdmin(tx, policy, member);
    }
    await tx.member.update({ where: { id }, data: { roleName: role } });
    await renewMember(tx, { memberId: id, keep: null, actor: grantor.actor, reason: "role_changed", now });
    await recordEvents(tx, [
      {
        event: "member.changed",
        outcome: "ok",
        actor: grantor.actor,
        target: id,
        data: { before: { role: member.roleName }, after: { role } },
      },
    ]);
  });
}

/** Ends the member's sessions at once. @throws AppError as `changeMember`; CONFLICT for the last administrator. */
export async function disableMember(deps: MemberDeps, grantor: Grantor, id: string): Promise<void> {
  await changeMember(deps, grantor, id, async (tx, member, now) => {
    if (member.disabledAt !== null) {
      return;
    }
    await refuseLastAdmin(tx, deps.policy.current(), member);
    await tx.member.update({ where: { id }, data: { disabledAt: now } });
    await renewMember(tx, { memberId: id, keep: null, actor: grantor.actor, reason: "member_disabled", now });
    await recordEvents(tx, [
      { event: "member.disabled", outcome: "ok", actor: grantor.actor, target: id, data: { email: member.email } },
    ]);
  });
}

/** @throws AppError as `changeMember`. */
export async function enableMember(deps: MemberDeps, grantor: Grantor, id: string): Promise<void> {
  await changeMember(deps, grantor, id, async (tx, member) => {
    if (member.disabledAt === null) {
      return;
    }
    await tx.member.update({ where: { id }, data: { disabledAt: null } });
    await recordEvents(tx, [
      { event: "member.enabled", outcome: "ok", actor: grantor.actor, target: id, data: { email: member.email } },
    ]);
  });
}

/** Takes authenticator, passkeys and recovery codes away: the next sign-in is by password and enrols anew. Ends the member's sessions. */
export async function resetFactors(deps: MemberDeps, grantor: Grantor, id: string): Promise<void> {
  await changeMember(deps, grantor, id, async (tx, member, now) => {
    await tx.member.update({
      where: { id },
      data: { totpSecret: null, totpPendingSecret: null, totpLastStep: null },
    });
    await tx.passkey.deleteMany({ where: { memberId: id } });
    await tx.recoveryCode.deleteMany({ where: { memberId: id } });
    await renewMember(tx, { memberId: id, keep: null, actor: grantor.actor, reason: "factors_changed", now });
    await recordEvents(tx, [
      { event: "member.factors_reset", outcome: "ok", actor: grantor.actor, target: id, data: { email: member.email } },
    ]);
  });
}

/** @throws AppError as `changeMember`; NOT_FOUND for a session that is not the member's or is over. */
export async function endMemberSession(
  deps: MemberDeps,
  grantor: Grantor,
  { memberId, sessionId }: { memberId: string; sessionId: string },
): Promise<void> {
  await changeMember(deps, grantor, memberId, async (tx, _member, now) => {
    const where = { memberId, publicId: sessionId };
    if ((await endSessions(tx, { where, actor: grantor.actor, reason: "ended_by_admin", now })) === 0) {
      throw new AppError("NOT_FOUND", "This member has no such session, or it has ended. Reload the list.");
    }
  });
}

/** @throws AppError as `changeMember`. */
export const endMemberSessions = (deps: MemberDeps, grantor: Grantor, id: string): Promise<{ ended: number }> =>
  changeMember(deps, grantor, id, async (tx, _member, now) => ({
    ended: await endSessions(tx, { where: { memberId: id }, actor: grantor.actor, reason: "ended_by_admin", now }),
  }));
