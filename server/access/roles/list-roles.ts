/** The roles in force and how many have each. Reads only. */
import type { z } from "zod";
import { provisioned, type AccessServices } from "#server/access/console-edit.ts";
import { countHolders } from "#server/access/holders.ts";
import { revisionOf } from "#server/access/revision.ts";
import type { RoleList } from "#server/access/roles/schema.ts";
import type { RolePolicy } from "#server/access/schema.ts";

/** More roles than this nobody keeps apart; the list ends there. */
const MOST = 500;

export async function listRoles(services: AccessServices): Promise<z.infer<typeof RoleList>> {
  const { db, clock } = services;
  const policy = services.policy.current();
  const inFile = provisioned(services, "roles");
  const [rows, holders] = await Promise.all([
    db.role.findMany({ select: { name: true, builtin: true, updatedAt: true }, take: MOST }),
    countHolders(db, policy, new Date(clock.now())),
  ]);
  const stored = new Map(inFile === null ? rows.map((row) => [row.name, row]) : []);
  const roles = [...policy.roles].sort(([one], [other]) => (one < other ? -1 : 1)).slice(0, MOST);
  return {
    provisioned: inFile,
    enabled: policy.enabled,
    roles: roles.map(([name, role]) => ({
      ...contentOf(name, role),
      builtin: stored.get(name)?.builtin ?? false,
      updatedAt: stored.get(name)?.updatedAt ?? null,
      revision: inFile === null ? revisionOf(contentOf(name, role)) : null,
      holders: holders(name),
    })),
  };
}

/** As it is stored, field by field in that order: what revisions are made of. */
export function contentOf(name: string, { permissions, channels, commands }: RolePolicy) {
  return { name, permissions: [...permissions], channels: [...channels], commands: [...commands] };
}
