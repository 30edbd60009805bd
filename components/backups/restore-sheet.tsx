"use client";

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { CommandLine } from "#components/shared/command-line.tsx";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Absent } from "#components/ui/absent.tsx";
import { Button } from "#components/ui/button.tsx";
import { DataTable } from "#components/ui/data-table.tsx";
import { FormError } from "#components/ui/form-error.tsx";
import { Sheet, SheetBody, SheetContent, SheetDescription, SheetHeader, SheetTitle } from "#components/ui/sheet.tsx";
import { errorText } from "#components/shared/error-text.ts";
import type { BackupJob } from "#server/backups/schema.ts";

interface RestoreSheetProps {
  /** Name of the archive. */
  name: string;
  jobs: readonly BackupJob[];
  onClose: () => void;
}

/** What restoring would do, worked out by the supervisor, and the command that does it. */
export function RestoreSheet({ name, jobs, onClose }: RestoreSheetProps) {
  return (
    <Sheet open onOpenChange={(open) => (open ? undefined : onClose())}>
      <SheetContent>
        <SheetHeader>
          <SheetTitle>Restore backup</SheetTitle>
          <SheetDescription className="font-mono text-xs break-all">{name}</SheetDescription>
        </SheetHeader>
        <SheetBody>
          <Plan name={name} job={jobs.find((job) => job.kind === "plan" && job.name === name)} />
        </SheetBody>
      </SheetContent>
    </Sheet>
  );
}

function Plan({ name, job }: { name: string; job: BackupJob | undefined }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const request = useMutation(
    trpc.backups.planRestore.mutationOptions({
      onSuccess: () => queryClient.invalidateQueries(trpc.backups.pathFilter()),
    }),
  );
  const busy = request.isPending || job?.state === "queued" || job?.state === "running";
  const plan = job?.outcome?.plan;
  return (
    <div className="flex min-w-0 flex-col gap-4">
      <p className="text-muted-foreground">
        A restore replaces parts of this running system, keys included, so that it is done where the master secret is:
        on the command line of the gateway&apos;s machine. It shows the same plan and asks before it begins.
      </p>
      <div>
        <Button variant="outline" disabled={busy} onClick={() => request.mutate({ name })}>
          {busy ? "Working it out…" : "Show what a restore would do"}
        </Button>
      </div>
      <FormError text={request.error === null ? null : errorText(request.error)} />
      <div role="status" className="flex min-w-0 flex-col gap-4">
        {job?.state === "failed" && <p className="break-words text-destructive">{job.message}</p>}
        {plan !== undefined && (
          <>
            {plan.warnings.map((warning) => (
              <p key={warning} className="break-words text-warning">
                {warning}
              </p>
            ))}
            <DataTable
              label="Plan of the restore"
              rows={plan.items}
              rowKey={({ part, what }) => `${part}:${what}`}
              columns={[
                {
                  key: "what",
                  header: "What",
                  cell: ({ what }) => <span className="font-mono text-xs break-all whitespace-normal">{what}</span>,
                },
                { key: "action", header: "Action", cell: ({ action }) => action },
                {
                  key: "detail",
                  header: "Detail",
                  cell: ({ detail }) =>
                    detail === null ? <Absent /> : <span className="whitespace-normal">{detail}</span>,
                },
              ]}
            />
          </>
        )}
      </div>
      <h3 className="font-medium">On the gateway&apos;s machine</h3>
      <CommandLine command={`openclaw security restore-backup ${name} --dry-run`} />
      <CommandLine command={`openclaw security restore-backup ${name}`} />
      <p className="text-muted-foreground">
        Only configuration and policy while the gateway runs: add <code>--only config,policy</code>. Keys are replaced
        while it is stopped; runs and the record are never overwritten.
      </p>
    </div>
  );
}
