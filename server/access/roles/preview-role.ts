/** What a change of a role would do, before it is made: rights gained and lost, who is affected, and what would be said to it. */
import type { z } from "zod";
import type { AccessServices } from "#server/access/console-edit.ts";
import type { Grantor } from "#server/access/grants.ts";
import { holdersOf, liveAt } from "#server/access/holders.ts";
import { can, permissionDiff } from "#server/access/permissions.ts";
import { refusalOf } from "#server/access/refusal-of.ts";
import { contentOf } from "#server/access/roles/list-roles.ts";
import type { RoleDraft, RolePreview } from "#server/access/roles/schema.ts";
import { refuseRoleChange } from "#server/access/save-role.ts";

type Lists = Omit<z.output<typeof RoleDraft>, "name">;

/** Tokens looked at one by one; the rest counts as affected. */
const MOST_TOKENS = 2_000;

export async function previewRole(
  services: AccessServices,
  grantor: Grantor,
  draft: z.output<typeof RoleDraft>,
): Promise<RolePreview> {
  const { db, clock } = services;
  const policy = services.policy.current();
  const { name } = draft;
  const now = new Date(clock.now());
  const current = policy.roles.get(name);
  const before = current === undefined ? null : contentOf(name, current);
  const [row, holders, tokens] = await Promise.all([
    db.role.findUnique({ where: { name }, select: { builtin: true } }),
    holdersOf(db, policy, name, now),
    db.token.findMany({
      where: { roleName: name, ...liveAt(now) },
      select: { scopes: true, channels: true },
      take: MOST_TOKENS,
    }),
  ]);
  const from: Lists = before ?? { permissions: [], channels: [], commands: [] };
  const permissions = permissionDiff(from.permissions, draft.permissions);
  const channels = listDiff(from.channels, draft.channels);
  const commands = listDiff(from.commands, draft.commands);
  const untouched = tokens.filter(
    (token) =>
      changedNames(commands) === 0 &&
      !reaches(token.scopes, permissions, (scopes, permission) => can(scopes, permission)) &&
      !reaches(token.channels, channels, (kept, channel) => channel === "*" || kept.includes(channel)),
  );
  return {
    permissions,
    channels,
    commands,
    holders,
    tokensUntouched: untouched.length,
    own: grantor.role === name,
    refused: refusalOf(() =>
      refuseRoleChange(policy, grantor, { before, after: draft, builtin: row?.builtin ?? false }),
    ),
  };
}

interface Changed {
  gained: string[];
  lost: string[];
}

const changedNames = ({ gained, lost }: Changed): number => gained.length + lost.length;

const listDiff = (before: readonly string[], after: readonly string[]): Changed => ({
  gained: after.filter((name) => !before.includes(name)),
  lost: before.filter((name) => !after.includes(name)),
});

/** Whether a change of the role gets through the token's own narrowing; an empty one narrows nothing. */
function reaches(
  narrowing: readonly string[],
  change: Changed,
  covers: (narrowing: readonly string[], name: string) => boolean,
): boolean {
  const names = [...change.gained, ...change.lost];
  return narrowing.length === 0 ? names.length > 0 : names.some((name) => covers(narrowing, name));
}
