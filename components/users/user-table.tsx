"use client";

import { useQuery } from "@tanstack/react-query";
import { SourceBadge } from "#components/policy/source-badge.tsx";
import { useTRPC } from "#components/trpc/provider.tsx";
import { windowText } from "#components/users/restriction.ts";
import { Absent } from "#components/ui/absent.tsx";
import { DataTable, type DataColumn } from "#components/ui/data-table.tsx";
import { StatusBadge } from "#components/ui/status-badge.tsx";
import { Time } from "#components/ui/time.tsx";
import type { UserRow } from "#server/access/users/schema.ts";

interface UserTableProps {
  users: readonly UserRow[];
  inFile: boolean;
  openId: string | null;
  onOpen: (user: UserRow) => void;
}

export function UserTable({ users, inFile, openId, onOpen }: UserTableProps) {
  const trpc = useTRPC();
  const ids = users.map(({ id }) => id);
  const { data: activity } = useQuery(trpc.users.activity.queryOptions({ ids }, { enabled: ids.length > 0 }));
  const lastOf = (id: string) => activity?.seen.find((seen) => seen.id === id);
  const columns: DataColumn<UserRow>[] = [
    {
      key: "id",
      header: "Id",
      className: "max-w-48 sm:max-w-72",
      cell: ({ id }) => <span className="truncate font-mono text-xs">{id}</span>,
    },
    { key: "role", header: "Role", cell: (user) => <RoleOf user={user} /> },
    { key: "channels", header: "Channels", from: "sm", cell: ({ channels }) => channelsText(channels) },
    { key: "limit", header: "Limit", from: "lg", cell: (user) => limitText(user) ?? <Absent /> },
    {
      key: "last",
      header: "Last heard of",
      from: "sm",
      cell: ({ id }) => {
        const last = lastOf(id);
        return last === undefined ? <Absent text="never" /> : <Time value={last.at} />;
      },
    },
    { key: "source", header: "Written in", from: "xl", cell: () => <SourceBadge inFile={inFile} /> },
  ];
  return (
    <DataTable
      label="Users"
      columns={columns}
      rows={users}
      rowKey={(user) => user.id}
      openKey={openId}
      onOpen={onOpen}
    />
  );
}

export function RoleOf({ user }: { user: UserRow }) {
  return user.roleExists ? (
    <>{user.role}</>
  ) : (
    <StatusBadge status="warning">{`${user.role} (no such role: may do nothing)`}</StatusBadge>
  );
}

function channelsText(channels: readonly string[] | null): string {
  if (channels === null || channels.includes("*")) {
    return "Of the role";
  }
  return channels.length === 0 ? "No channel" : channels.join(", ");
}

export function limitText({ restriction }: Pick<UserRow, "restriction">): string | null {
  return restriction === null ? null : `${restriction.maxMessages} messages in ${windowText(restriction.timeWindowMs)}`;
}
