"use client";

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { errorText } from "#components/shared/error-text.ts";
import { formatBytes } from "#components/shared/format.ts";
import { toast, toastFailure } from "#components/shared/toast.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { useCan } from "#components/trpc/use-viewer.ts";
import { Button } from "#components/ui/button.tsx";
import { DataTable } from "#components/ui/data-table.tsx";
import { StatusBadge } from "#components/ui/status-badge.tsx";
import { Time } from "#components/ui/time.tsx";
import type { BackupsView } from "#server/backups/schema.ts";

type Archive = BackupsView["backups"][number];

export function ArchiveTable({ view, onRestore }: { view: BackupsView; onRestore: (name: string) => void }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const can = useCan();
  const verify = useMutation(
    trpc.backups.verify.mutationOptions({
      onSuccess: () => {
        toast("Test restore requested");
        return queryClient.invalidateQueries(trpc.backups.pathFilter());
      },
      onError: (error) => toastFailure(errorText(error)),
    }),
  );
  const isTesting = (name: string): boolean =>
    view.jobs.some((job) => job.kind === "verify" && job.name === name && /queued|running/.test(job.state));
  return (
    <DataTable
      label="Backups"
      rows={view.backups}
      rowKey={({ name }) => name}
      columns={[
        {
          key: "made",
          header: "Made",
          cell: ({ createdAt, name }) => (
            <div className="min-w-0">
              <Time value={createdAt} />
              <p className="font-mono text-xs font-normal break-all whitespace-normal text-muted-foreground max-lg:hidden">
                {name}
              </p>
            </div>
          ),
        },
        {
          key: "kind",
          header: "Holds",
          from: "sm",
          cell: ({ kind }) => (kind === "full" ? "Everything" : "Configuration"),
        },
        { key: "bytes", header: "Size", align: "right", from: "sm", cell: ({ bytes }) => formatBytes(bytes) },
        {
          key: "encrypted",
          header: "Encrypted",
          from: "lg",
          cell: ({ encrypted }) =>
            encrypted === null ? (
              <StatusBadge status="failed">Damaged</StatusBadge>
            ) : encrypted ? (
              <StatusBadge status="ok">Encrypted</StatusBadge>
            ) : (
              <StatusBadge status="warning">Plain</StatusBadge>
            ),
        },
        { key: "tested", header: "Test restore", from: "sm", cell: (archive) => <Tested archive={archive} /> },
        {
          key: "actions",
          header: "Actions",
          hiddenHeader: true,
          cell: ({ name }) => (
            <div className="flex flex-wrap justify-end gap-2">
              {can("backups:create") && (
                <Button
                  variant="outline"
                  size="sm"
                  aria-label={`Test restore of ${name}`}
                  disabled={verify.isPending || isTesting(name)}
                  onClick={() => verify.mutate({ name })}
                >
                  {isTesting(name) ? "Testing…" : "Test"}
                </Button>
              )}
              {can("backups:restore") && (
                <Button variant="outline" size="sm" aria-label={`Restore ${name}`} onClick={() => onRestore(name)}>
                  Restore
                </Button>
              )}
            </div>
          ),
        },
      ]}
    />
  );
}

function Tested({ archive: { verification } }: { archive: Archive }) {
  return verification === null ? (
    <StatusBadge status="none">Never</StatusBadge>
  ) : (
    <span className="inline-flex flex-wrap items-center gap-2">
      <StatusBadge status={verification.ok ? "ok" : "failed"}>{verification.ok ? "Came back" : "Failed"}</StatusBadge>
      <Time value={verification.at} />
    </span>
  );
}
