/** The people the policy knows, in pages by id, and what hangs on one of them. Reads only. */
import type { z } from "zod";
import { provisioned, type AccessServices } from "#server/access/console-edit.ts";
import { liveAt } from "#server/access/holders.ts";
import { revisionOf } from "#server/access/revision.ts";
import { storedUser } from "#server/access/save-user.ts";
import type { PolicySnapshot } from "#server/access/schema.ts";
import type { UserDetail, UserPage, UserQuery, UserRow } from "#server/access/users/schema.ts";

/** Roles offered to choose from. */
const MOST_ROLES = 500;

export function listUsers(
  services: AccessServices,
  { search, role, after, limit }: z.output<typeof UserQuery>,
): z.infer<typeof UserPage> {
  const policy = services.policy.current();
  const inFile = provisioned(services, "users");
  const wanted = search.trim().toLowerCase();
  const found = sortedIds(policy).filter(
    (id) => id.toLowerCase().includes(wanted) && (role === undefined || policy.users.get(id)?.role === role),
  );
  const rest = after === undefined ? found : found.filter((id) => id > after);
  const page = rest.slice(0, limit);
  return {
    users: page.flatMap((id) => rowOf(policy, id, inFile !== null) ?? []),
    next: rest.length > limit ? (page.at(-1) ?? null) : null,
    found: found.length,
    total: policy.users.size,
    roles: [...policy.roles.keys()].sort().slice(0, MOST_ROLES),
    provisioned: inFile,
  };
}

export async function userDetail(services: AccessServices, id: string): Promise<z.infer<typeof UserDetail>> {
  const { db, clock } = services;
  const policy = services.policy.current();
  const user = rowOf(policy, id, provisioned(services, "users") !== null);
  const channels = [...policy.channels];
  return {
    user,
    roleChannels: [...(policy.roles.get(user?.role ?? "")?.channels ?? [])],
    tokens: await db.token.count({ where: { userId: id, ...liveAt(new Date(clock.now())) } }),
    allowedOn: channels.filter(([, rules]) => rules.allowedUsers.includes(id)).map(([name]) => name),
    blockedOn: channels.filter(([, rules]) => rules.blockedUsers.includes(id)).map(([name]) => name),
  };
}

function rowOf(policy: PolicySnapshot, id: string, inFile: boolean): UserRow | null {
  const user = storedUser(policy, id);
  return user === null
    ? null
    : { ...user, roleExists: policy.roles.has(user.role), revision: inFile ? null : revisionOf(user) };
}

const sorted = new WeakMap<PolicySnapshot, string[]>();

/** In the order of code units, made once for each policy: paging must not sort anew with every page. */
function sortedIds(policy: PolicySnapshot): string[] {
  const ids = sorted.get(policy) ?? [...policy.users.keys()].sort();
  sorted.set(policy, ids);
  return ids;
}
