import { SourceBadge } from "#components/policy/source-badge.tsx";
import { Absent } from "#components/ui/absent.tsx";
import { DataTable, type DataColumn } from "#components/ui/data-table.tsx";
import { StatusBadge } from "#components/ui/status-badge.tsx";
import type { ChannelRow } from "#server/access/channels/schema.ts";

interface ChannelTableProps {
  channels: readonly ChannelRow[];
  inFile: boolean;
  openName: string | null;
  onOpen: (channel: ChannelRow) => void;
}

const SHOWN = 3;

function Names({ names, all }: { names: readonly string[]; all: string }) {
  if (names.includes("*")) {
    return <>{all}</>;
  }
  const more = names.length - SHOWN;
  return names.length === 0 ? (
    <Absent />
  ) : (
    <span title={names.join(", ")}>
      {names.slice(0, SHOWN).join(", ")}
      {more > 0 && ` and ${more} more`}
    </span>
  );
}

function Hints({ hints }: Pick<ChannelRow, "hints">) {
  const warnings = hints.filter(({ severity }) => severity === "warning").length;
  return warnings === 0 ? (
    <StatusBadge status="ok">No conflicts</StatusBadge>
  ) : (
    <StatusBadge status="warning">{`${warnings} ${warnings === 1 ? "conflict" : "conflicts"}`}</StatusBadge>
  );
}

export function ChannelTable({ channels, inFile, openName, onOpen }: ChannelTableProps) {
  const columns: DataColumn<ChannelRow>[] = [
    { key: "channel", header: "Channel", cell: ({ channel }) => <span className="font-mono text-xs">{channel}</span> },
    { key: "hints", header: "Hints", cell: ({ hints }) => <Hints hints={hints} /> },
    {
      key: "users",
      header: "Allowed users",
      from: "sm",
      cell: ({ allowedUsers }) => <Names names={allowedUsers} all="Everybody (*)" />,
    },
    {
      key: "roles",
      header: "Allowed roles",
      from: "sm",
      cell: ({ allowedRoles }) => <Names names={allowedRoles} all="Every role (*)" />,
    },
    {
      key: "blocked",
      header: "Blocked users",
      from: "lg",
      cell: ({ blockedUsers }) => <Names names={blockedUsers} all="Everybody (*)" />,
    },
    {
      key: "commands",
      header: "Allowed commands",
      from: "lg",
      cell: ({ allowedCommands }) => <Names names={allowedCommands} all="All of the role (*)" />,
    },
    {
      key: "blockedCommands",
      header: "Blocked commands",
      from: "xl",
      cell: ({ blockedCommands }) => <Names names={blockedCommands} all="All (*)" />,
    },
    { key: "source", header: "Written in", from: "xl", cell: () => <SourceBadge inFile={inFile} /> },
  ];
  return (
    <DataTable
      label="Channels"
      columns={columns}
      rows={channels}
      rowKey={({ channel }) => channel}
      openKey={openName}
      onOpen={onOpen}
    />
  );
}
