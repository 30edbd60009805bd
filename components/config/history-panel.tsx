"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { HistoryIcon } from "lucide-react";
import { useState } from "react";
import { CheckResult } from "#components/config/check-result.tsx";
import { toast } from "#components/shared/toast.ts";
import { useOpenRow } from "#components/shared/url-state.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { useCan } from "#components/trpc/use-viewer.ts";
import { Button } from "#components/ui/button.tsx";
import { CodeBlock } from "#components/ui/code-block.tsx";
import { ConfirmDialog } from "#components/ui/confirm-dialog.tsx";
import { DataTable } from "#components/ui/data-table.tsx";
import { EmptyState } from "#components/ui/empty-state.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import {
  Sheet,
  SheetBody,
  SheetContent,
  SheetDescription,
  SheetFooter,
  SheetHeader,
  SheetTitle,
} from "#components/ui/sheet.tsx";
import { StatusBadge } from "#components/ui/status-badge.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";
import { Time } from "#components/ui/time.tsx";

const SOURCES = { file: "File", console: "Console", cli: "Command line", rollback: "Rollback" } as const;

/** Versions that were in force, each to look at and to go back to. */
export function HistoryPanel() {
  const trpc = useTRPC();
  const [open, setOpen] = useOpenRow("version");
  const { data, error, isFetching, refetch } = useQuery(trpc.configuration.history.queryOptions());
  if (error !== null) {
    return (
      <ErrorState
        title="The history could not be read"
        error={error}
        busy={isFetching}
        onRetry={() => void refetch()}
      />
    );
  }
  if (data === undefined) {
    return <TableSkeleton label="Loading history" />;
  }
  return (
    <>
      {data.unreadable > 0 && (
        <p className="mb-3 text-warning">
          {data.unreadable} versions cannot be opened: they were sealed with another keyring, or changed on the disk.
        </p>
      )}
      {data.versions.length === 0 ? (
        <EmptyState icon={HistoryIcon} title="No version yet">
          Each text that comes into force is kept here, whoever wrote it. The first one appears when there is a file.
        </EmptyState>
      ) : (
        <DataTable
          label="Versions of the configuration"
          rows={data.versions}
          rowKey={({ id }) => id}
          openKey={open}
          onOpen={({ id }) => void setOpen(id)}
          columns={[
            { key: "at", header: "In force since", cell: ({ at }) => <Time value={at} exact /> },
            { key: "by", header: "By", cell: ({ by }) => by },
            { key: "source", header: "How", from: "sm", cell: ({ source }) => SOURCES[source] },
            {
              key: "paths",
              header: "Changed",
              from: "lg",
              cell: ({ paths }) => (
                <span className="font-mono text-xs break-all whitespace-normal">{paths.join(", ")}</span>
              ),
            },
            {
              key: "state",
              header: "State",
              cell: ({ current }) =>
                current ? (
                  <StatusBadge status="ok">On the disk</StatusBadge>
                ) : (
                  <StatusBadge status="none">Older</StatusBadge>
                ),
            },
          ]}
        />
      )}
      <Sheet open={open !== null} onOpenChange={(isOpen) => void setOpen(isOpen ? open : null)}>
        {open !== null && <VersionSheet id={open} onClose={() => void setOpen(null)} />}
      </Sheet>
    </>
  );
}

function VersionSheet({ id, onClose }: { id: string; onClose: () => void }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const mayWrite = useCan()("config:write");
  const [confirming, setConfirming] = useState(false);
  const { data, error, isFetching, refetch } = useQuery(trpc.configuration.version.queryOptions({ version: id }));
  const rollback = useMutation(
    trpc.configuration.rollback.mutationOptions({
      onSuccess: async () => {
        setConfirming(false);
        toast("Older version brought back");
        await queryClient.invalidateQueries(trpc.configuration.pathFilter());
        onClose();
      },
    }),
  );
  const failing = data?.check.problems.some(({ severity }) => severity === "error") === true;
  return (
    <SheetContent>
      <SheetHeader>
        <SheetTitle>Version of the configuration</SheetTitle>
        <SheetDescription className="font-mono text-xs break-all">{id}</SheetDescription>
      </SheetHeader>
      <SheetBody>
        {error !== null && (
          <ErrorState
            title="The version could not be read"
            error={error}
            busy={isFetching}
            onRetry={() => void refetch()}
          />
        )}
        {data === undefined && error === null && <TableSkeleton label="Loading version" />}
        {data !== undefined && (
          <div className="flex min-w-0 flex-col gap-4">
            <h3 className="font-medium">
              {data.version.current ? "This is the file on the disk" : "What going back changes"}
            </h3>
            {!data.version.current && <CheckResult check={data.check} />}
            <h3 className="font-medium">Text</h3>
            <CodeBlock label="Text of the version" code={data.text} />
          </div>
        )}
      </SheetBody>
      {mayWrite && data !== undefined && !data.version.current && (
        <SheetFooter>
          <Button disabled={failing} onClick={() => setConfirming(true)}>
            Roll back to this version
          </Button>
        </SheetFooter>
      )}
      <ConfirmDialog
        open={confirming}
        onOpenChange={(isOpen) => {
          setConfirming(isOpen);
          rollback.reset();
        }}
        title="Roll back to this version?"
        consequence="The file is replaced by the older text, with the secrets it had then. The present text is kept in the history."
        confirmLabel="Roll back"
        harmless
        busy={rollback.isPending}
        error={rollback.error ?? null}
        onConfirm={() => rollback.mutate({ version: id, base: data?.base ?? null })}
      />
    </SheetContent>
  );
}
