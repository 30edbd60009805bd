import { Absent } from "#components/ui/absent.tsx";
import { DataTable } from "#components/ui/data-table.tsx";
import { StatusBadge } from "#components/ui/status-badge.tsx";
import type { SettingChange } from "#server/configuration/schema.ts";

/** Settings by name with their old and new value. */
export function ChangedSettings({ changes }: { changes: readonly SettingChange[] }) {
  return (
    <DataTable
      label="Settings that change"
      rows={changes}
      rowKey={({ path }) => path}
      columns={[
        {
          key: "path",
          header: "Setting",
          cell: ({ path }) => <span className="font-mono text-xs break-all">{path}</span>,
        },
        { key: "before", header: "Now", cell: ({ before }) => <Value text={before} /> },
        {
          key: "after",
          header: "Then",
          cell: ({ before, after }) => (
            <>
              <Value text={after} />
              {before !== null && before === after && <span className="text-muted-foreground"> (another secret)</span>}
            </>
          ),
        },
        {
          key: "restart",
          header: "Takes effect",
          cell: ({ restart }) =>
            restart ? <StatusBadge status="warning">Restart needed</StatusBadge> : <span>At once</span>,
        },
      ]}
    />
  );
}

function Value({ text }: { text: string | null }) {
  return text === null ? <Absent /> : <span className="font-mono text-xs break-all">{text}</span>;
}
