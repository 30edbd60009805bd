import { SourceBadge } from "#components/policy/source-badge.tsx";
import { Absent } from "#components/ui/absent.tsx";
import { DataTable, type DataColumn } from "#components/ui/data-table.tsx";
import type { RoleRow } from "#server/access/roles/schema.ts";

interface RoleTableProps {
  roles: readonly RoleRow[];
  inFile: boolean;
  onOpen: (role: RoleRow) => void;
}

const SHOWN = 4;

function Some({ names, all }: { names: readonly string[]; all: string }) {
  if (names.includes("*")) {
    return <>{all}</>;
  }
  if (names.length === 0) {
    return <Absent />;
  }
  const more = names.length - SHOWN;
  return (
    <span title={names.join(", ")}>
      {names.slice(0, SHOWN).join(", ")}
      {more > 0 && ` and ${more} more`}
    </span>
  );
}

export function RoleTable({ roles, inFile, onOpen }: RoleTableProps) {
  const columns: DataColumn<RoleRow>[] = [
    { key: "name", header: "Name", cell: (role) => role.name },
    {
      key: "permissions",
      header: "Permissions",
      cell: (role) => <Some names={role.permissions} all="Everything (*)" />,
    },
    { key: "channels", header: "Channels", from: "lg", cell: (role) => <Some names={role.channels} all="All (*)" /> },
    { key: "commands", header: "Commands", from: "lg", cell: (role) => <Some names={role.commands} all="All (*)" /> },
    { key: "users", header: "Users", from: "sm", align: "right", cell: ({ holders }) => holders.users },
    { key: "tokens", header: "Live tokens", from: "sm", align: "right", cell: ({ holders }) => holders.tokens },
    { key: "members", header: "Members", from: "sm", align: "right", cell: ({ holders }) => holders.members },
    { key: "source", header: "Written in", from: "xl", cell: () => <SourceBadge inFile={inFile} /> },
  ];
  return <DataTable label="Roles" columns={columns} rows={roles} rowKey={(role) => role.name} onOpen={onOpen} />;
}
