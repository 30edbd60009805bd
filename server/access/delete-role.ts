/** Removes a role of the database that nobody has any more. */
import { recordEvents } from "#server/audit/index.ts";
import { editPolicy, refuseRoleBeyond, someOf, type PolicyEditDeps } from "#server/access/edit-policy.ts";
import type { Grantor } from "#server/access/grants.ts";
import { refuseLosingLastAdmin } from "#server/access/last-admin.ts";
import type { PolicySnapshot } from "#server/access/schema.ts";
import type { Tx } from "#server/core/db/client.ts";
import { AppError } from "#server/core/errors.ts";

/** @throws AppError NOT_FOUND, FORBIDDEN (beyond the grantor), CONFLICT (in use, owned by the file, last admin). */
export async function deleteRole(deps: PolicyEditDeps, grantor: Grantor, name: string): Promise<void> {
  await editPolicy(deps, "roles", async (tx, policy) => {
    const row = await tx.role.findUnique({ where: { name } });
    if (row === null) {
      const known = someOf([...policy.roles.keys()]);
      throw new AppError("NOT_FOUND", `There is no role "${name}". The roles are: ${known}.`);
    }
    refuseRoleBeyond(policy, grantor, name);
    refuseLosingLastAdmin(policy, name, { builtin: row.builtin, after: undefined });
    await refuseInUse(tx, policy, name, new Date(deps.clock.now()));
    const { permissions, channels, commands } = row;
    await tx.role.delete({ where: { name } });
    await recordEvents(tx, [
      {
        event: "role.deleted",
        outcome: "ok",
        actor: grantor.actor,
        target: name,
        data: { before: { name, permissions, channels, commands } },
      },
    ]);
  });
}

async function refuseInUse(tx: Tx, policy: PolicySnapshot, name: string, now: Date): Promise<void> {
  const users = [...policy.users].filter(([, user]) => user.role === name).map(([id]) => id);
  const tokens = await tx.token.findMany({
    where: { roleName: name, revokedAt: null, OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] },
    select: { id: true, name: true },
    orderBy: { id: "asc" },
  });
  const holders = [
    ...(users.length === 0 ? [] : [`the users ${someOf(users)}`]),
    ...(tokens.length === 0 ? [] : [`the live tokens ${someOf(tokens.map((token) => `${token.id} (${token.name})`))}`]),
  ];
  if (holders.length > 0) {
    throw new AppError(
      "CONFLICT",
      `Role "${name}" is in use by ${holders.join(" and by ")}. Give them another role, or revoke the tokens, first.`,
      {
        details: { reason: "role_in_use", users: users.slice(0, 20), tokens: tokens.slice(0, 20).map(({ id }) => id) },
      },
    );
  }
}
