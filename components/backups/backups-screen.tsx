"use client";

import { useQuery } from "@tanstack/react-query";
import { ArchiveIcon } from "lucide-react";
import dynamic from "next/dynamic";
import { ArchiveTable } from "#components/backups/archive-table.tsx";
import { CreateBackupDialog } from "#components/backups/create-backup-dialog.tsx";
import { JobList } from "#components/backups/job-list.tsx";
import { formatAge } from "#components/shared/format.ts";
import { useOpenRow, useUrlFlag } from "#components/shared/url-state.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { useCan } from "#components/trpc/use-viewer.ts";
import { Button } from "#components/ui/button.tsx";
import { EmptyState } from "#components/ui/empty-state.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { PageHeader } from "#components/ui/page-header.tsx";
import { Section } from "#components/ui/section.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";
import type { BackupsView } from "#server/backups/schema.ts";

const RestoreSheet = dynamic(async () => (await import("#components/backups/restore-sheet.tsx")).RestoreSheet);

const REFRESH_MS = 2_000;

/** Archives of the home: make them, prove that they can be restored, see what restoring one would do. */
export function BackupsScreen() {
  const trpc = useTRPC();
  const can = useCan();
  const [creating, setCreating] = useUrlFlag("new");
  const [open, setOpen] = useOpenRow("restore");
  const { data, error, isFetching, refetch } = useQuery(
    trpc.backups.view.queryOptions(undefined, { refetchInterval: REFRESH_MS }),
  );
  const create = can("backups:create") && <Button onClick={() => setCreating(true)}>Create backup</Button>;
  return (
    <div className="flex min-w-0 flex-col gap-6">
      <PageHeader
        title="Backups"
        description={
          data === undefined ? "Archives of configuration, policy, keys and data." : <Schedule view={data} />
        }
        actions={create}
      />
      {error !== null && (
        <ErrorState
          title="The backups could not be read"
          error={error}
          busy={isFetching}
          onRetry={() => void refetch()}
        />
      )}
      {data === undefined && error === null && <TableSkeleton label="Loading backups" />}
      {data !== undefined && (
        <>
          <JobList jobs={data.jobs} />
          <Section title="Archives">
            {data.backups.length === 0 ? (
              <EmptyState icon={ArchiveIcon} title="No backups yet" action={create}>
                A backup is one encrypted file that opens with the master secret alone, on any machine. Keep a copy of
                that secret elsewhere: it is in no backup.
              </EmptyState>
            ) : (
              <ArchiveTable view={data} onRestore={(name) => void setOpen(name)} />
            )}
            {data.more > 0 && <p className="text-muted-foreground">{data.more} older archives are not listed.</p>}
          </Section>
        </>
      )}
      <CreateBackupDialog open={creating} onOpenChange={setCreating} />
      {open !== null && <RestoreSheet name={open} jobs={data?.jobs ?? []} onClose={() => void setOpen(null)} />}
    </div>
  );
}

function Schedule({ view: { folder, intervalMs, retentionMs, encryption } }: { view: BackupsView }) {
  return (
    <>
      {intervalMs === 0
        ? "No backup is made by itself."
        : `Configuration, policy and keys are backed up by themselves every ${formatAge(intervalMs)}.`}{" "}
      Archives are removed after {formatAge(retentionMs)}, never the newest. They are{" "}
      {encryption ? "encrypted" : "not encrypted, and hold no keys"}, in{" "}
      <span className="font-mono text-xs break-all">{folder}</span>.
    </>
  );
}
