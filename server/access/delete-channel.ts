/** Removes the rules of a channel: from then on roles alone decide who may use it. */
import { recordEvents } from "#server/audit/index.ts";
import { refuseChannelBeyond, storedChannel } from "#server/access/channel-grant.ts";
import { editPolicy, type PolicyEditDeps } from "#server/access/edit-policy.ts";
import type { Grantor } from "#server/access/grants.ts";
import { refuseStale } from "#server/access/revision.ts";
import { AppError } from "#server/core/errors.ts";

/**
 * @param seen what the caller was shown (see `refuseStale`).
 * @throws AppError NOT_FOUND, FORBIDDEN (beyond the grantor), CONFLICT (owned by the file, changed meanwhile).
 */
export async function deleteChannel(
  deps: PolicyEditDeps,
  grantor: Grantor,
  channel: string,
  seen?: string,
): Promise<void> {
  await editPolicy(deps, "channels", async (tx, policy) => {
    const before = storedChannel(policy, channel);
    if (before === null) {
      throw new AppError(
        "NOT_FOUND",
        `There are no rules for channel "${channel}". See them with: openclaw access channels list`,
      );
    }
    refuseStale(`Channel "${channel}"`, seen, before);
    refuseChannelBeyond(grantor, channel, before, null);
    await tx.channelPolicy.delete({ where: { channel } });
    await recordEvents(tx, [
      {
        event: "channel.deleted",
        outcome: "ok",
        actor: grantor.actor,
        target: channel,
        data: { before: { ...before } },
      },
    ]);
  });
}
