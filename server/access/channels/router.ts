/** tRPC adapter of channels. */
import { listChannels, previewChannel } from "#server/access/channels/list-channels.ts";
import {
  ChannelDraft,
  ChannelList,
  ChannelPreview,
  DeleteChannel,
  NamedChannel,
  SaveChannel,
  SavedChannel,
} from "#server/access/channels/schema.ts";
import { changePolicy } from "#server/access/console-edit.ts";
import { deleteChannel } from "#server/access/delete-channel.ts";
import { revisionOf } from "#server/access/revision.ts";
import { saveChannel } from "#server/access/save-channel.ts";
import { sessionGrantor } from "#server/trpc/grantor.ts";
import { router } from "#server/trpc/init.ts";
import { withPermission } from "#server/trpc/procedures.ts";

export const channelsRouter = router({
  list: withPermission("channels", "read")
    .output(ChannelList)
    .query(({ ctx }) => listChannels(ctx.services)),
  preview: withPermission("channels", "read")
    .input(ChannelDraft)
    .output(ChannelPreview)
    .query(({ ctx: { services, session }, input }) =>
      previewChannel(services, sessionGrantor(services.policy.current(), session), input),
    ),
  save: withPermission("channels", "write", { stepUp: true })
    .input(SaveChannel)
    .output(SavedChannel)
    .mutation(({ ctx: { services, session }, input: { seen, ...edit } }) =>
      changePolicy(services, async (deps) => {
        const { after } = await saveChannel(deps, sessionGrantor(services.policy.current(), session), edit, seen);
        return { channel: after.channel, revision: revisionOf(after) };
      }),
    ),
  delete: withPermission("channels", "write", { stepUp: true })
    .input(DeleteChannel)
    .output(NamedChannel)
    .mutation(({ ctx: { services, session }, input: { channel, seen } }) =>
      changePolicy(services, async (deps) => {
        await deleteChannel(deps, sessionGrantor(services.policy.current(), session), channel, seen);
        return { channel };
      }),
    ),
});
