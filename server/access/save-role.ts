/** Makes or changes a role of the database. */
import { recordEvents } from "#server/audit/index.ts";
import {
  editPolicy,
  refuseRoleBeyond,
  sameContent,
  type PolicyEditDeps,
  type Saved,
} from "#server/access/edit-policy.ts";
import type { Grantor } from "#server/access/grants.ts";
import { refuseLosingLastAdmin } from "#server/access/last-admin.ts";
import { isKnownPermission, PERMISSIONS } from "#server/access/permissions.ts";
import { refuseStale } from "#server/access/revision.ts";
import { RoleEdit, type PolicySnapshot } from "#server/access/schema.ts";
import { AppError } from "#server/core/errors.ts";
import { parseInput } from "#server/core/parse-input.ts";

export interface StoredRole {
  name: string;
  permissions: string[];
  channels: string[];
  commands: string[];
}

/**
 * @param seen what the editor was shown (see `refuseStale`); without it nothing is compared.
 * @throws AppError INVALID_INPUT, FORBIDDEN (beyond the grantor), CONFLICT (owned by the file, last admin, changed meanwhile).
 */
export async function saveRole(
  deps: PolicyEditDeps,
  grantor: Grantor,
  input: RoleEdit,
  seen?: string | null,
): Promise<Saved<StoredRole>> {
  const edit = parseInput(RoleEdit, "Role", input);
  const { name } = edit;
  return editPolicy(deps, "roles", async (tx, policy) => {
    const row = await tx.role.findUnique({ where: { name } });
    const before =
      row === null ? null : { name, permissions: row.permissions, channels: row.channels, commands: row.commands };
    refuseStale(`Role "${name}"`, seen, before);
    const after = {
      name,
      permissions: edit.permissions ?? before?.permissions ?? [],
      channels: edit.channels ?? before?.channels ?? [],
      commands: edit.commands ?? before?.commands ?? [],
    };
    refuseRoleChange(policy, grantor, { before, after, builtin: row?.builtin ?? false });
    if (!sameContent(before, after)) {
      await tx.role.upsert({ where: { name }, create: after, update: after });
      await recordEvents(tx, [
        { event: "role.changed", outcome: "ok", actor: grantor.actor, target: name, data: { before, after } },
      ]);
    }
    return { before, after };
  });
}

/** Everything that forbids a change of a role but its age. @throws AppError INVALID_INPUT, FORBIDDEN, CONFLICT (last admin). */
export function refuseRoleChange(
  policy: PolicySnapshot,
  grantor: Grantor,
  { before, after, builtin }: Saved<StoredRole> & { builtin: boolean },
): void {
  const { name } = after;
  refuseUnknownPermissions(after.permissions.filter((entry) => before?.permissions.includes(entry) !== true));
  const changed = { ...after, source: `role "${name}"` };
  if (before !== null) {
    refuseRoleBeyond(policy, grantor, name);
  }
  refuseRoleBeyond({ ...policy, roles: new Map(policy.roles).set(name, changed) }, grantor, name);
  refuseLosingLastAdmin(policy, name, { builtin, after: changed });
}

function refuseUnknownPermissions(permissions: readonly string[]): void {
  const unknown = permissions.find((entry) => !isKnownPermission(entry));
  if (unknown !== undefined) {
    throw new AppError(
      "INVALID_INPUT",
      `Role permissions: "${unknown}" is not a permission. Possible are *, read, write, a resource such as runs:*, and: ${PERMISSIONS.join(", ")}.`,
    );
  }
}
