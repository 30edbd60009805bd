"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useState } from "react";
import { DeleteDialog } from "#components/quarantine/delete-dialog.tsx";
import { findingWords } from "#components/quarantine/finding-words.ts";
import { QuarantineStateBadge } from "#components/quarantine/quarantine-state-badge.tsx";
import { RestoreDialog } from "#components/quarantine/restore-dialog.tsx";
import { formatBytes } from "#components/shared/format.ts";
import { plainText } from "#components/shared/plain-text.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { useCan } from "#components/trpc/use-viewer.ts";
import { Absent } from "#components/ui/absent.tsx";
import { Button } from "#components/ui/button.tsx";
import { DescriptionItem, DescriptionList } from "#components/ui/description-list.tsx";
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
import { Skeleton } from "#components/ui/skeleton.tsx";
import { StatusBadge } from "#components/ui/status-badge.tsx";
import { Time } from "#components/ui/time.tsx";
import type { QuarantineView } from "#server/files/schema.ts";

/** All that is known of one file, and what can be done with it. */
export function QuarantineSheet({ id, onClose }: { id: string; onClose: () => void }) {
  const trpc = useTRPC();
  const can = useCan();
  const [asking, setAsking] = useState<"restore" | "delete" | null>(null);
  const file = useQuery(trpc.quarantine.byId.queryOptions({ id }));
  const { data } = file;
  const isThere = data?.state === "stored" || data?.state === "restored";
  return (
    <Sheet open onOpenChange={(open) => (open ? undefined : onClose())}>
      <SheetContent>
        <SheetHeader>
          <SheetTitle>{data === undefined ? "File in quarantine" : plainText(data.name)}</SheetTitle>
          <SheetDescription>
            What was found in it and where it came from. What it contains is not shown.
          </SheetDescription>
        </SheetHeader>
        <SheetBody>
          {data !== undefined ? (
            <Facts file={data} />
          ) : file.error === null ? (
            <Skeleton className="h-64" />
          ) : (
            <ErrorState
              title="The file could not be read"
              error={file.error}
              busy={file.isFetching}
              onRetry={() => void file.refetch()}
            />
          )}
        </SheetBody>
        {isThere && can("quarantine:manage") && (
          <SheetFooter>
            <Button variant="destructive-outline" onClick={() => setAsking("delete")}>
              Delete content
            </Button>
            <Button variant="outline" onClick={() => setAsking("restore")}>
              Restore file
            </Button>
          </SheetFooter>
        )}
        {data !== undefined && (
          <>
            <RestoreDialog file={data} open={asking === "restore"} onClose={() => setAsking(null)} />
            <DeleteDialog file={data} open={asking === "delete"} onClose={() => setAsking(null)} />
          </>
        )}
      </SheetContent>
    </Sheet>
  );
}

function Facts({ file }: { file: QuarantineView }) {
  return (
    <>
      <ul className="flex flex-col gap-2" aria-label="Findings">
        {file.findings.map(({ code, severity, evidence }) => (
          <li key={`${code} ${evidence}`} className="flex flex-col gap-1 rounded-md border p-3">
            <span className="flex flex-wrap items-center gap-2 font-medium">
              <StatusBadge status={severity === "critical" ? "failed" : "warning"}>
                {severity === "critical" ? "Critical" : "Warning"}
              </StatusBadge>
              {findingWords(code)}
            </span>
            <span className="break-words text-muted-foreground">{plainText(evidence)}</span>
          </li>
        ))}
      </ul>
      <DescriptionList>
        <DescriptionItem name="State">
          <QuarantineStateBadge state={file.state} />
        </DescriptionItem>
        <DescriptionItem name="Id" mono>
          {file.id}
        </DescriptionItem>
        <DescriptionItem name="Size">{`${formatBytes(file.sizeBytes)} (${file.sizeBytes.toLocaleString("en")} bytes)`}</DescriptionItem>
        <DescriptionItem name="SHA-256" mono>
          {file.sha256}
        </DescriptionItem>
        <DescriptionItem name="Came from" mono>
          {file.path === null ? "no path of this machine" : plainText(file.path)}
        </DescriptionItem>
        <DescriptionItem name="Run" mono>
          {file.runId === null ? (
            <Absent />
          ) : (
            <Link href={`/runs/${file.runId}`} className="text-primary underline underline-offset-4">
              {file.runId}
            </Link>
          )}
        </DescriptionItem>
        <DescriptionItem name="User">
          {file.userId === null ? (
            <Absent />
          ) : (
            <Link
              href={`/users?open=${encodeURIComponent(file.userId)}`}
              className="text-primary underline underline-offset-4"
            >
              {file.userId}
            </Link>
          )}
        </DescriptionItem>
        <DescriptionItem name="Channel">{file.channel ?? <Absent />}</DescriptionItem>
        <DescriptionItem name="Taken in">
          <Time value={file.storedAt ?? file.createdAt} exact />
        </DescriptionItem>
        {file.endedAt !== null && (
          <DescriptionItem name={file.state === "deleted" ? "Deleted" : "Last restored"}>
            <Time value={file.endedAt} exact /> by {file.endedBy ?? "the gateway"}
          </DescriptionItem>
        )}
        <DescriptionItem name="On record" mono>
          <Link
            href={`/audit?q=${encodeURIComponent(`target:${file.id}`)}`}
            className="text-primary underline underline-offset-4"
          >
            Events of this file
          </Link>
        </DescriptionItem>
      </DescriptionList>
    </>
  );
}
