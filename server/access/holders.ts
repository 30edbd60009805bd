/** Who has a role: people with a record, live tokens, members of the console. */
import type { PolicySnapshot } from "#server/access/schema.ts";
import type { Db, Tx } from "#server/core/db/client.ts";

/** Named in messages and previews; beyond that only counted. */
const NAMED = 20;

export interface RoleHolders {
  users: { count: number; named: string[] };
  tokens: { count: number; named: { id: string; name: string }[] };
  members: { count: number; named: string[] };
}

/** Tokens that have not ended by `now`. */
export const liveAt = (now: Date) => ({ revokedAt: null, OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] });

export async function holdersOf(db: Db | Tx, policy: PolicySnapshot, role: string, now: Date): Promise<RoleHolders> {
  const where = { roleName: role, ...liveAt(now) };
  const users = [...policy.users].filter(([, user]) => user.role === role).map(([id]) => id);
  const active = { roleName: role, disabledAt: null };
  const [count, named, memberCount, members] = await Promise.all([
    db.token.count({ where }),
    db.token.findMany({ where, select: { id: true, name: true }, orderBy: { id: "asc" }, take: NAMED }),
    db.member.count({ where: active }),
    db.member.findMany({ where: active, select: { email: true }, orderBy: { email: "asc" }, take: NAMED }),
  ]);
  return {
    users: { count: users.length, named: users.slice(0, NAMED) },
    tokens: { count, named },
    members: { count: memberCount, named: members.map(({ email }) => email) },
  };
}

/** How many have each role. */
export async function countHolders(
  db: Db,
  policy: PolicySnapshot,
  now: Date,
): Promise<(role: string) => { users: number; tokens: number; members: number }> {
  const users = new Map<string, number>();
  for (const { role } of policy.users.values()) {
    users.set(role, (users.get(role) ?? 0) + 1);
  }
  const [tokenGroups, memberGroups] = await Promise.all([
    db.token.groupBy({ by: ["roleName"], where: liveAt(now), _count: true }),
    db.member.groupBy({ by: ["roleName"], where: { disabledAt: null }, _count: true }),
  ]);
  const tokens = new Map(tokenGroups.map(({ roleName, _count }) => [roleName, _count]));
  const members = new Map(memberGroups.map(({ roleName, _count }) => [roleName, _count]));
  return (role) => ({
    users: users.get(role) ?? 0,
    tokens: tokens.get(role) ?? 0,
    members: members.get(role) ?? 0,
  });
}
