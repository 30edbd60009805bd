/** Invitations of members, and links that set a new password. Nothing is sent: whoever makes a link hands it over. */
import type { Grantor } from "#server/access/index.ts";
import { recordEvents } from "#server/audit/index.ts";
import { addInvitation, isOpen, lockMembers, newLink } from "#server/auth/index.ts";
import { changeMember, refuseRoleBeyond, refuseStronger, type MemberDeps } from "#server/members/deps.ts";
import type { InviteMember, OpenInvitation } from "#server/members/schema.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError } from "#server/core/errors.ts";

interface MadeLink {
  id: string;
  /** Path and fragment; the code is in the fragment alone and cannot be read again. */
  path: string;
  expiresAt: Date;
}

const LISTED_MAX = 200;

/**
 * Voids an older open invitation of the same address.
 * @throws AppError INVALID_INPUT for an unknown role, FORBIDDEN for one beyond the caller's, CONFLICT (field `email`) for a member's address.
 */
export async function inviteMember(deps: MemberDeps, grantor: Grantor, invited: InviteMember): Promise<MadeLink> {
  const { email, role, name = null } = invited;
  refuseRoleBeyond(deps.policy.current(), grantor, role);
  const now = new Date(deps.clock.now());
  const link = newLink(now.getTime());
  await withTx(deps.db, async (tx) => {
    await lockMembers(tx);
    const known = await tx.member.findUnique({ where: { email }, select: { disabledAt: true } });
    if (known !== null) {
      const remedy = known.disabledAt === null ? "" : " It is disabled: enable it instead.";
      throw new AppError("CONFLICT", `${email} is a member already.${remedy}`, { details: { field: "email" } });
    }
    await addInvitation(tx, { email, name, role, memberId: null }, grantor.actor, link, now);
    await recordEvents(tx, [
      {
        event: "member.invited",
        outcome: "ok",
        actor: grantor.actor,
        target: link.id,
        data: { email, role, expiresAt: link.expiresAt.toISOString() },
      },
    ]);
  });
  return madeLink(link);
}

/** A link with which the member chooses a new password; the second factor stays. @throws AppError as `changeMember`; CONFLICT when disabled. */
export async function linkForPassword(deps: MemberDeps, grantor: Grantor, id: string): Promise<MadeLink> {
  const link = newLink(deps.clock.now());
  await changeMember(deps, grantor, id, async (tx, { email, name, roleName, disabledAt }, now) => {
    if (disabledAt !== null) {
      throw new AppError("CONFLICT", `${email} is disabled. Enable the member first.`);
    }
    await addInvitation(tx, { email, name, role: roleName, memberId: id }, grantor.actor, link, now);
    await recordEvents(tx, [
      {
        event: "member.password_link_made",
        outcome: "ok",
        actor: grantor.actor,
        target: id,
        data: { email, link: link.id, expiresAt: link.expiresAt.toISOString() },
      },
    ]);
  });
  return madeLink(link);
}

/** Those that can still be used, newest first. */
export async function listInvitations({ db, clock }: MemberDeps): Promise<OpenInvitation[]> {
  const rows = await db.invitation.findMany({
    where: isOpen(new Date(clock.now())),
    orderBy: [{ createdAt: "desc" }, { id: "asc" }],
    take: LISTED_MAX,
  });
  return rows.map(({ id, email, name, roleName, memberId, createdBy, createdAt, expiresAt }) => ({
    id,
    email,
    name,
    role: roleName,
    purpose: memberId === null ? "member" : "password",
    createdBy,
    createdAt,
    expiresAt,
  }));
}

/** @throws AppError NOT_FOUND for one that cannot be used any more, FORBIDDEN for a role beyond the caller's. */
export async function revokeInvitation(deps: MemberDeps, grantor: Grantor, id: string): Promise<void> {
  const now = new Date(deps.clock.now());
  await withTx(deps.db, async (tx) => {
    const [revoked] = await tx.invitation.updateManyAndReturn({
      where: { id, ...isOpen(now) },
      data: { revokedAt: now },
      select: { roleName: true },
    });
    if (revoked === undefined) {
      throw new AppError("NOT_FOUND", "There is no such invitation, or it was used or has expired. Reload the list.");
    }
    refuseStronger(deps.policy.current(), grantor, revoked.roleName);
    await recordEvents(tx, [{ event: "member.invitation_revoked", outcome: "ok", actor: grantor.actor, target: id }]);
  });
}

const madeLink = ({ id, code, expiresAt }: ReturnType<typeof newLink>): MadeLink => ({
  id,
  path: `/setup#${code}`,
  expiresAt,
});
