"use client";

import { useQuery } from "@tanstack/react-query";
import { DownloadIcon } from "lucide-react";
import { formatBytes } from "#components/shared/format.ts";
import { plainText } from "#components/shared/plain-text.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Absent } from "#components/ui/absent.tsx";
import { Button } from "#components/ui/button.tsx";
import { DataTable, type DataColumn } from "#components/ui/data-table.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { Section } from "#components/ui/section.tsx";
import { StatusBadge, type Status } from "#components/ui/status-badge.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";
import type { RunFile } from "#server/runs/schema.ts";

const VERDICTS: Record<RunFile["verdict"], { status: Status; text: string }> = {
  stored: { status: "ok", text: "Stored" },
  refused: { status: "denied", text: "Refused" },
  quarantined: { status: "warning", text: "Quarantined" },
};

/** Files that came with the run or out of it, and what the file policy said about each. */
export function RunFiles({ runId }: { runId: string }) {
  const trpc = useTRPC();
  const files = useQuery(trpc.runs.files.queryOptions({ runId }));
  return (
    <Section
      title="Files"
      description="What came with the run and out of it. A download is sent as bytes to save and is on record."
    >
      {files.data === undefined ? (
        files.error === null ? (
          <TableSkeleton label="Loading files" rows={2} />
        ) : (
          <ErrorState
            title="The files could not be read"
            error={files.error}
            busy={files.isFetching}
            onRetry={() => void files.refetch()}
          />
        )
      ) : files.data.files.length === 0 ? (
        <p className="text-muted-foreground">No files came with this run or out of it.</p>
      ) : (
        <DataTable label="Files of the run" rows={files.data.files} rowKey={({ id }) => id} columns={columns(runId)} />
      )}
    </Section>
  );
}

const columns = (runId: string): DataColumn<RunFile>[] => [
  {
    key: "path",
    header: "Path",
    cell: ({ path }) => plainText(path),
    className: "font-mono text-xs break-all whitespace-normal",
  },
  {
    key: "verdict",
    header: "Verdict",
    cell: ({ verdict }) => <StatusBadge status={VERDICTS[verdict].status}>{VERDICTS[verdict].text}</StatusBadge>,
  },
  {
    key: "direction",
    header: "Direction",
    cell: ({ direction }) => (direction === "input" ? "In" : "Out"),
    from: "sm",
  },
  { key: "bytes", header: "Size", cell: ({ bytes }) => formatBytes(bytes), align: "right", from: "sm" },
  {
    key: "reason",
    header: "Note",
    cell: ({ reason }) => (reason === null ? <Absent /> : plainText(reason)),
    className: "whitespace-normal",
    from: "lg",
  },
  {
    key: "sha256",
    header: "SHA-256",
    cell: ({ sha256 }) => (sha256 === null ? <Absent /> : <span title={sha256}>{sha256.slice(0, 12)}…</span>),
    className: "font-mono text-xs",
    from: "xl",
  },
  {
    key: "save",
    header: "Download",
    hiddenHeader: true,
    align: "right",
    cell: ({ id, path, verdict }) =>
      verdict === "stored" && (
        <Button asChild variant="outline" size="sm">
          <a href={`/api/runs/${encodeURIComponent(runId)}/files/${encodeURIComponent(id)}`} download>
            <DownloadIcon aria-hidden />
            Download<span className="sr-only"> {plainText(path)}</span>
          </a>
        </Button>
      ),
  },
];
