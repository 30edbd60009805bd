"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { TriangleAlertIcon } from "lucide-react";
import { useState } from "react";
import { KeyAge, KeySourceText, KeyState } from "#components/keys/key-state.tsx";
import { RotateKeyDialog } from "#components/keys/rotate-key-dialog.tsx";
import { errorText } from "#components/shared/error-text.ts";
import { toast, toastFailure } from "#components/shared/toast.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { useCan } from "#components/trpc/use-viewer.ts";
import { Alert } from "#components/ui/alert.tsx";
import { Button } from "#components/ui/button.tsx";
import { DescriptionItem, DescriptionList } from "#components/ui/description-list.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { Section } from "#components/ui/section.tsx";
import { Sheet, SheetBody, SheetContent, SheetFooter, SheetHeader, SheetTitle } from "#components/ui/sheet.tsx";
import { Skeleton } from "#components/ui/skeleton.tsx";
import { Time } from "#components/ui/time.tsx";
import type { HistoryEntry, KeyList, KeyView } from "#server/key-rotation/schema.ts";

interface KeySheetProps {
  view: KeyView;
  rotation: KeyList["rotation"];
  onClose: () => void;
}

/** All about one key, what was done with it, and a new value in its place. */
export function KeySheet({ view, rotation, onClose }: KeySheetProps) {
  const mayRotate = useCan()("keys:rotate");
  const [rotating, setRotating] = useState(false);
  const warnFrom = Math.max(0, 1 - rotation.notifyBeforeMs / rotation.intervalMs);
  return (
    <Sheet open onOpenChange={(open) => !open && onClose()}>
      <SheetContent aria-describedby={undefined}>
        <SheetHeader>
          <SheetTitle>{view.label}</SheetTitle>
          <p className="font-mono text-xs break-all text-muted-foreground">{view.id}</p>
        </SheetHeader>
        <SheetBody>
          {view.problem !== null && (
            <Alert variant="warning">
              <TriangleAlertIcon aria-hidden />
              <p className="min-w-0 break-words">It cannot be used now: {view.problem}</p>
            </Alert>
          )}
          <DescriptionList>
            <DescriptionItem name="State">
              <KeyState state={view.state} />
            </DescriptionItem>
            <DescriptionItem name="Age">
              <KeyAge view={view} warnFrom={warnFrom} />
            </DescriptionItem>
            <DescriptionItem name="Due">
              {view.dueAt === null ? "not known" : <Time value={view.dueAt} exact />}
            </DescriptionItem>
            <DescriptionItem name="Comes from">
              <KeySourceText view={view} />
            </DescriptionItem>
            <DescriptionItem name="Written in">{view.path}</DescriptionItem>
            <DescriptionItem name="First seen">
              {view.firstSeen === null ? "not yet" : <Time value={view.firstSeen} exact />}
            </DescriptionItem>
            <DescriptionItem name="Last changed">
              {view.rotatedAt === null ? "not since" : <Time value={view.rotatedAt} exact />}
            </DescriptionItem>
            <DescriptionItem name="Last used">
              {view.lastUsedAt === null ? "not known" : <Time value={view.lastUsedAt} />}
            </DescriptionItem>
            {view.fingerprint !== null && (
              <DescriptionItem name="Fingerprint" mono>
                {view.fingerprint}
              </DescriptionItem>
            )}
            {view.graceUntil !== null && (
              <DescriptionItem name="Old value kept">
                until <Time value={view.graceUntil} exact />
              </DescriptionItem>
            )}
          </DescriptionList>
          <Section title="How to rotate it">
            <p className="max-w-prose break-words">{view.howTo}</p>
          </Section>
          <History keyId={view.id} />
        </SheetBody>
        {mayRotate && view.rotation === "here" && (
          <SheetFooter>
            {view.undo !== null && <UndoButton rotationId={view.undo} label={view.label} />}
            <Button onClick={() => setRotating(true)}>Rotate key</Button>
          </SheetFooter>
        )}
        {rotating && <RotateKeyDialog view={view} onClose={() => setRotating(false)} />}
      </SheetContent>
    </Sheet>
  );
}

function UndoButton({ rotationId, label }: { rotationId: string; label: string }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const undo = useMutation(
    trpc.keys.undo.mutationOptions({
      onSuccess: () => {
        toast(`${label} has its old value again`);
        return queryClient.invalidateQueries(trpc.keys.pathFilter());
      },
      onError: (error) => toastFailure(errorText(error)),
    }),
  );
  return (
    <Button variant="outline" disabled={undo.isPending} onClick={() => undo.mutate({ rotationId })}>
      {undo.isPending ? "Bringing it back…" : "Bring back the old value"}
    </Button>
  );
}

const HOW: Record<HistoryEntry["how"], string> = { rotated: "Rotated", seen: "Change seen", undone: "Undone" };
const ENDINGS: Record<HistoryEntry["state"], string> = {
  done: "",
  prepared: " (under way)",
  undone: ", then undone",
  failed: " (given up)",
};

function History({ keyId }: { keyId: string }) {
  const trpc = useTRPC();
  const { data, error, isFetching, refetch } = useQuery(trpc.keys.history.queryOptions({ keyId }));
  return (
    <Section title="History">
      {data === undefined && error === null && <Skeleton className="h-16" />}
      {data === undefined && error !== null && (
        <ErrorState
          title="The history could not be read"
          error={error}
          busy={isFetching}
          onRetry={() => void refetch()}
        />
      )}
      {data?.entries.length === 0 && (
        <p className="text-muted-foreground">It has not changed since it was first seen.</p>
      )}
      {data !== undefined && data.entries.length > 0 && (
        <ol className="flex flex-col gap-2">
          {data.entries.map((entry) => (
            <li key={entry.id} className="flex flex-wrap items-baseline gap-x-3 gap-y-1">
              <Time value={entry.at} exact />
              <span className="font-medium">
                {HOW[entry.how]}
                {ENDINGS[entry.state]}
              </span>
              <span className="break-all text-muted-foreground">{entry.by}</span>
            </li>
          ))}
        </ol>
      )}
    </Section>
  );
}
