/** Makes or changes the rules of a channel. */
import { recordEvents } from "#server/audit/index.ts";
import { refuseChannelBeyond, storedChannel, type StoredChannel } from "#server/access/channel-grant.ts";
import { editPolicy, sameContent, someOf, type PolicyEditDeps, type Saved } from "#server/access/edit-policy.ts";
import type { Grantor } from "#server/access/grants.ts";
import { refuseStale } from "#server/access/revision.ts";
import { ChannelEdit, type PolicySnapshot } from "#server/access/schema.ts";
import { AppError } from "#server/core/errors.ts";
import { parseInput } from "#server/core/parse-input.ts";

/**
 * @param seen what the editor was shown (see `refuseStale`); without it nothing is compared.
 * @throws AppError INVALID_INPUT (bad field, unknown role), FORBIDDEN (beyond the grantor), CONFLICT (owned by the file, changed meanwhile).
 */
export async function saveChannel(
  deps: PolicyEditDeps,
  grantor: Grantor,
  input: ChannelEdit,
  seen?: string | null,
): Promise<Saved<StoredChannel>> {
  const edit = parseInput(ChannelEdit, "Channel", input);
  const { channel } = edit;
  return editPolicy(deps, "channels", async (tx, policy) => {
    const before = storedChannel(policy, channel);
    refuseStale(`Channel "${channel}"`, seen, before);
    const after: StoredChannel = {
      channel,
      allowedUsers: edit.allowedUsers ?? before?.allowedUsers ?? [],
      allowedRoles: edit.allowedRoles ?? before?.allowedRoles ?? [],
      blockedUsers: edit.blockedUsers ?? before?.blockedUsers ?? [],
      allowedCommands: edit.allowedCommands ?? before?.allowedCommands ?? ["*"],
      blockedCommands: edit.blockedCommands ?? before?.blockedCommands ?? [],
    };
    refuseChannelChange(policy, grantor, { before, after });
    if (!sameContent(before, after)) {
      await tx.channelPolicy.upsert({ where: { channel }, create: after, update: after });
      await recordEvents(tx, [
        {
          event: "channel.changed",
          outcome: "ok",
          actor: grantor.actor,
          target: channel,
          data: { before: before && { ...before }, after: { ...after } },
        },
      ]);
    }
    return { before, after };
  });
}

/** Everything that forbids a change of a channel but its age. @throws AppError INVALID_INPUT, FORBIDDEN. */
export function refuseChannelChange(
  policy: PolicySnapshot,
  grantor: Grantor,
  { before, after }: Saved<StoredChannel>,
): void {
  refuseUnknownRoles(
    policy,
    after.allowedRoles.filter((role) => before?.allowedRoles.includes(role) !== true),
  );
  refuseChannelBeyond(grantor, after.channel, before, after);
}

function refuseUnknownRoles(policy: PolicySnapshot, roles: readonly string[]): void {
  const unknown = roles.find((role) => role !== "*" && !policy.roles.has(role));
  if (unknown !== undefined) {
    const known = someOf([...policy.roles.keys()]);
    throw new AppError(
      "INVALID_INPUT",
      `Channel allowedRoles: role "${unknown}" does not exist. Choose of: ${known || "none is defined"}.`,
    );
  }
}
