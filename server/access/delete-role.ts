/** Removes a role of the database that nobody has any more. */
import { recordEvents } from "#server/audit/index.ts";
import { editPolicy, refuseRoleBeyond, someOf, type PolicyEditDeps } from "#server/access/edit-policy.ts";
import type { Grantor } from "#server/access/grants.ts";
import { holdersOf } from "#server/access/holders.ts";
import { refuseLosingLastAdmin } from "#server/access/last-admin.ts";
import { refuseStale } from "#server/access/revision.ts";
import type { PolicySnapshot } from "#server/access/schema.ts";
import type { Tx } from "#server/core/db/client.ts";
import { AppError } from "#server/core/errors.ts";

/**
 * @param seen what the caller was shown (see `refuseStale`).
 * @throws AppError NOT_FOUND, FORBIDDEN (beyond the grantor), CONFLICT (in use, owned by the file, last admin, changed meanwhile).
 */
export async function deleteRole(deps: PolicyEditDeps, grantor: Grantor, name: string, seen?: string): Promise<void> {
  await editPolicy(deps, "roles", async (tx, policy) => {
    const row = await tx.role.findUnique({ where: { name } });
    if (row === null) {
      const known = someOf([...policy.roles.keys()]);
      throw new AppError("NOT_FOUND", `There is no role "${name}". The roles are: ${known}.`);
    }
    const { permissions, channels, commands } = row;
    const before = { name, permissions, channels, commands };
    refuseStale(`Role "${name}"`, seen, before);
    refuseRoleBeyond(policy, grantor, name);
    refuseLosingLastAdmin(policy, name, { builtin: row.builtin, after: undefined });
    await refuseInUse(tx, policy, name, new Date(deps.clock.now()));
    await tx.role.delete({ where: { name } });
    await recordEvents(tx, [
      {
        event: "role.deleted",
        outcome: "ok",
        actor: grantor.actor,
        target: name,
        data: { before },
      },
    ]);
  });
}

async function refuseInUse(tx: Tx, policy: PolicySnapshot, name: string, now: Date): Promise<void> {
  const { users, tokens, members } = await holdersOf(tx, policy, name, now);
  const titles = tokens.named.map((token) => `${token.id} (${token.name})`);
  const holders = [
    ...(users.count === 0 ? [] : [`the users ${someOf(users.named, users.count)}`]),
    ...(tokens.count === 0 ? [] : [`the live tokens ${someOf(titles, tokens.count)}`]),
    ...(members.count === 0 ? [] : [`the members ${someOf(members.named, members.count)}`]),
  ];
  if (holders.length > 0) {
    throw new AppError(
      "CONFLICT",
      `Role "${name}" is in use by ${holders.join(" and by ")}. Give them another role, or revoke the tokens, first.`,
      {
        details: {
          reason: "role_in_use",
          users: users.named,
          tokens: tokens.named.map(({ id }) => id),
          members: members.named,
        },
      },
    );
  }
}
