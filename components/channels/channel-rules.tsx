import { Hints } from "#components/channels/hints.tsx";
import { DescriptionItem, DescriptionList } from "#components/ui/description-list.tsx";
import type { ChannelRow } from "#server/access/channels/schema.ts";

/** A channel's rules, to read. */
export function ChannelRules({ channel }: { channel: ChannelRow }) {
  return (
    <>
      <DescriptionList>
        <DescriptionItem name="Allowed users">{text(channel.allowedUsers, "everybody")}</DescriptionItem>
        <DescriptionItem name="Allowed roles">{text(channel.allowedRoles, "every role")}</DescriptionItem>
        <DescriptionItem name="Blocked users">{text(channel.blockedUsers, "everybody")}</DescriptionItem>
        <DescriptionItem name="Allowed commands">{text(channel.allowedCommands, "all of the role")}</DescriptionItem>
        <DescriptionItem name="Blocked commands">{text(channel.blockedCommands, "all")}</DescriptionItem>
      </DescriptionList>
      <Hints hints={channel.hints} />
    </>
  );
}

const text = (names: readonly string[], all: string): string =>
  names.includes("*") ? all : names.length === 0 ? "none" : names.join(", ");
