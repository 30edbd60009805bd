/** What changes of members have in common: who may touch whom, and that somebody is always left to set things right. */
import { refuseBeyondGrant, type Grantor } from "#server/access/index.ts";
import type { PolicySnapshot } from "#server/access/schema.ts";
import { lockMembers } from "#server/auth/index.ts";
import type { Clock } from "#server/core/clock.ts";
import type { Db, Tx } from "#server/core/db/client.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError } from "#server/core/errors.ts";

export interface MemberDeps {
  db: Db;
  clock: Clock;
  policy: { current(): PolicySnapshot };
}

export interface MemberRow {
  id: string;
  email: string;
  name: string;
  roleName: string;
  disabledAt: Date | null;
}

/**
 * Changes one member, one change at a time.
 * @throws AppError NOT_FOUND; FORBIDDEN for oneself, or for a member whose role can do more than the caller may give away.
 */
export async function changeMember<T>(
  deps: MemberDeps,
  grantor: Grantor,
  id: string,
  work: (tx: Tx, member: MemberRow, now: Date) => Promise<T>,
): Promise<T> {
  if (grantor.actor.type === "member" && grantor.actor.id === id) {
    throw new AppError("FORBIDDEN", "This is you. See to your own account on its page, or ask another administrator.", {
      details: { reason: "own_account" },
    });
  }
  return withTx(deps.db, async (tx) => {
    await lockMembers(tx);
    const member = await tx.member.findUnique({
      where: { id },
      select: { id: true, email: true, name: true, roleName: true, disabledAt: true },
    });
    if (member === null) {
      throw new AppError("NOT_FOUND", "There is no such member. Reload the list.");
    }
    refuseStronger(deps.policy.current(), grantor, member.roleName);
    return work(tx, member, new Date(deps.clock.now()));
  });
}

/** Nobody touches a member who can do more than they can. A role that is not there can do nothing. @throws AppError FORBIDDEN. */
export function refuseStronger(policy: PolicySnapshot, grantor: Grantor, role: string): void {
  if (policy.roles.has(role)) {
    refuseRoleBeyond(policy, grantor, role);
  }
}

/** @throws AppError INVALID_INPUT for an unknown role, FORBIDDEN for one that can do more than the caller may give away. */
export function refuseRoleBeyond(policy: PolicySnapshot, grantor: Grantor, role: string): void {
  const { userId, allowedIps, models, expiresAt } = grantor;
  refuseBeyondGrant(policy, grantor, { role, scopes: [], channels: [], userId, allowedIps, models, expiresAt });
}

/** @throws AppError CONFLICT when `member` is the only one left who may do everything. */
export async function refuseLastAdmin(tx: Tx, policy: PolicySnapshot, member: MemberRow): Promise<void> {
  const adminRoles = [...policy.roles].filter(([, { permissions }]) => permissions.includes("*")).map(([name]) => name);
  if (member.disabledAt !== null || !adminRoles.includes(member.roleName)) {
    return;
  }
  const others = await tx.member.count({
    where: { id: { not: member.id }, disabledAt: null, roleName: { in: adminRoles } },
  });
  if (others === 0) {
    throw new AppError(
      "CONFLICT",
      `${member.email} is the last member who may do everything. Give another member that role first.`,
      { details: { reason: "last_admin" } },
    );
  }
}
