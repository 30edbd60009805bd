import { QuarantineStateBadge } from "#components/quarantine/quarantine-state-badge.tsx";
import { formatBytes } from "#components/shared/format.ts";
import { plainText } from "#components/shared/plain-text.ts";
import { Absent } from "#components/ui/absent.tsx";
import { DataTable, type DataColumn } from "#components/ui/data-table.tsx";
import { Time } from "#components/ui/time.tsx";
import { findingWords } from "#components/quarantine/finding-words.ts";
import type { QuarantineView } from "#server/files/schema.ts";

interface QuarantineTableProps {
  files: readonly QuarantineView[];
  openKey: string | null;
  onOpen: (file: QuarantineView) => void;
}

export function QuarantineTable({ files, openKey, onOpen }: QuarantineTableProps) {
  return (
    <DataTable
      label="Files in quarantine"
      rows={files}
      rowKey={({ id }) => id}
      columns={COLUMNS}
      openKey={openKey}
      onOpen={onOpen}
    />
  );
}

const COLUMNS: DataColumn<QuarantineView>[] = [
  {
    key: "name",
    header: "Name",
    cell: ({ name }) => <span className="font-mono text-xs break-all whitespace-normal">{plainText(name)}</span>,
    className: "max-w-64 whitespace-normal",
  },
  { key: "state", header: "State", cell: ({ state }) => <QuarantineStateBadge state={state} /> },
  {
    key: "findings",
    header: "Found",
    from: "sm",
    cell: ({ findings }) => [...new Set(findings.map(({ code }) => findingWords(code)))].join(", "),
    className: "whitespace-normal",
  },
  { key: "size", header: "Size", from: "lg", align: "right", cell: ({ sizeBytes }) => formatBytes(sizeBytes) },
  {
    key: "from",
    header: "From",
    from: "lg",
    cell: ({ runId, userId, path }) =>
      runId === null ? path === null ? <Absent /> : "this machine" : `run of ${userId ?? "a token"}`,
  },
  { key: "since", header: "Taken in", from: "sm", align: "right", cell: ({ createdAt }) => <Time value={createdAt} /> },
];
