/** The channels that have rules, with what looks wrong in them; and the same look at rules that are not saved yet. Reads only. */
import type { z } from "zod";
import { storedChannel } from "#server/access/channel-grant.ts";
import { channelHints } from "#server/access/channels/hints.ts";
import type { ChannelDraft, ChannelList, ChannelPreview } from "#server/access/channels/schema.ts";
import { provisioned, type AccessServices } from "#server/access/console-edit.ts";
import type { Grantor } from "#server/access/grants.ts";
import { refusalOf } from "#server/access/refusal-of.ts";
import { revisionOf } from "#server/access/revision.ts";
import { refuseChannelChange } from "#server/access/save-channel.ts";
import type { PolicySnapshot } from "#server/access/schema.ts";

/** More than this nobody keeps apart; lists end there. */
const MOST = 500;

export function listChannels(services: AccessServices): z.infer<typeof ChannelList> {
  const policy = services.policy.current();
  const inFile = provisioned(services, "channels");
  return {
    channels: [...policy.channels.keys()]
      .sort()
      .slice(0, MOST)
      .flatMap((name) => {
        const stored = storedChannel(policy, name);
        return stored === null
          ? []
          : {
              ...stored,
              hints: channelHints(name, stored, policy),
              revision: inFile === null ? revisionOf(stored) : null,
            };
      }),
    withoutRules: [...namedByRoles(policy)].filter((name) => !policy.channels.has(name)).slice(0, MOST),
    roles: [...policy.roles.keys()].sort().slice(0, MOST),
    provisioned: inFile,
  };
}

export function previewChannel(
  services: AccessServices,
  grantor: Grantor,
  draft: z.output<typeof ChannelDraft>,
): ChannelPreview {
  const policy = services.policy.current();
  const before = storedChannel(policy, draft.channel);
  return {
    hints: channelHints(draft.channel, draft, policy),
    refused: refusalOf(() => refuseChannelChange(policy, grantor, { before, after: draft })),
  };
}

function namedByRoles({ roles }: PolicySnapshot): Set<string> {
  return new Set([...roles.values()].flatMap(({ channels }) => channels.filter((name) => name !== "*")).sort());
}
