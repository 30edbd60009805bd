/** Makes or changes the record of a person known to the gateway. */
import { recordEvents } from "#server/audit/index.ts";
import {
  editPolicy,
  refuseRoleBeyond,
  sameContent,
  type PolicyEditDeps,
  type Saved,
} from "#server/access/edit-policy.ts";
import type { Grantor } from "#server/access/grants.ts";
import { refuseOwnUnbinding } from "#server/access/own-binding.ts";
import { refuseStale } from "#server/access/revision.ts";
import { UserEdit, type PolicySnapshot } from "#server/access/schema.ts";
import type { Tx } from "#server/core/db/client.ts";
import { AppError } from "#server/core/errors.ts";
import { parseInput } from "#server/core/parse-input.ts";

export interface StoredUser {
  id: string;
  role: string;
  /** Null: the role's own. */
  channels: string[] | null;
  restriction: { maxMessages: number; timeWindowMs: number } | null;
  /** The console member this person is; null = none is named. */
  memberId: string | null;
}

/**
 * @param seen what the editor was shown (see `refuseStale`); without it nothing is compared.
 * @throws AppError INVALID_INPUT (bad field, unknown role), FORBIDDEN (beyond the grantor, own binding), CONFLICT (owned by the file, changed
 * meanwhile).
 */
export async function saveUser(
  deps: PolicyEditDeps,
  grantor: Grantor,
  input: UserEdit,
  seen?: string | null,
): Promise<Saved<StoredUser>> {
  const edit = parseInput(UserEdit, "User", input);
  return editPolicy(deps, "users", async (tx, policy) => {
    const before = storedUser(policy, edit.id);
    refuseStale(`User "${edit.id}"`, seen, before);
    const role = edit.role ?? before?.role;
    if (role === undefined) {
      throw new AppError("INVALID_INPUT", `User role: "${edit.id}" is new, so it needs a role.`);
    }
    if (before !== null && policy.roles.has(before.role)) {
      refuseRoleBeyond(policy, grantor, before.role);
    }
    refuseRoleBeyond(policy, grantor, role);
    const after: StoredUser = {
      id: edit.id,
      role,
      channels: edit.channels === undefined ? (before?.channels ?? null) : edit.channels,
      restriction: edit.restriction === undefined ? (before?.restriction ?? null) : edit.restriction,
      memberId: edit.memberId === undefined ? (before?.memberId ?? null) : await memberNamed(tx, edit.memberId),
    };
    if (before !== null) {
      refuseOwnUnbinding(grantor, edit.id, before.memberId, after.memberId);
    }
    if (!sameContent(before, after)) {
      await storeUser(tx, new Date(deps.clock.now()), grantor, before, after);
    }
    return { before, after };
  });
}

/** Writes the record and what was changed of it. The caller has judged the change, under the policy's lock. */
export async function storeUser(
  tx: Tx,
  now: Date,
  { actor }: Grantor,
  before: StoredUser | null,
  after: StoredUser,
): Promise<void> {
  const { id, role, channels, restriction, memberId } = after;
  // Prisma knows no absent list, and an empty one means something else.
  await tx.$executeRaw`
    INSERT INTO gateway_user (id, role_name, channels, max_messages, time_window_ms, member_id, created_at, updated_at)
    VALUES (${id}, ${role}, ${channels}::text[], ${restriction?.maxMessages ?? null}::int,
            ${restriction?.timeWindowMs ?? null}::bigint, ${memberId}, ${now}, ${now})
    ON CONFLICT (id) DO UPDATE SET role_name = excluded.role_name, channels = excluded.channels,
      max_messages = excluded.max_messages, time_window_ms = excluded.time_window_ms,
      member_id = excluded.member_id, updated_at = excluded.updated_at`;
  await recordEvents(tx, [
    {
      event: "user.changed",
      outcome: "ok",
      actor,
      target: id,
      data: { before: before && { ...before }, after: { ...after } },
    },
  ]);
}

/** The record as the policy in force holds it; only for a section the database owns. */
export function storedUser(policy: PolicySnapshot, id: string): StoredUser | null {
  const user = policy.users.get(id);
  return user === undefined
    ? null
    : {
        id,
        role: user.role,
        channels: user.channels === null ? null : [...user.channels],
        restriction: user.restrictions,
        memberId: user.memberId ?? null,
      };
}

/** @param named an id or an e-mail address */
async function memberNamed(tx: Tx, named: string | null): Promise<string | null> {
  if (named === null) {
    return null;
  }
  const member = await tx.member.findFirst({
    where: { OR: [{ id: named }, { email: named.toLowerCase() }] },
    select: { id: true },
  });
  if (member === null) {
    throw new AppError(
      "INVALID_INPUT",
      `User memberId: no console member has the id or e-mail address "${named}". Take one from the list of members.`,
      { details: { field: "memberId" } },
    );
  }
  return member.id;
}
