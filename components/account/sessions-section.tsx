"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { SessionTable } from "#components/auth/session-table.tsx";
import { errorText } from "#components/shared/error-text.ts";
import { toast, toastFailure } from "#components/shared/toast.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Button } from "#components/ui/button.tsx";
import { ConfirmDialog } from "#components/ui/confirm-dialog.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { Section } from "#components/ui/section.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";

/** Where the caller is signed in, and the way to end that. */
export function SessionsSection() {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const list = useQuery(trpc.account.sessions.queryOptions());
  const [isAsking, setIsAsking] = useState(false);
  const others = list.data?.filter(({ current }) => !current).length ?? 0;
  const refresh = () => queryClient.invalidateQueries(trpc.account.sessions.queryFilter());

  const endOne = useMutation(
    trpc.account.endSession.mutationOptions({
      onSuccess: () => {
        toast("Session ended");
        return refresh();
      },
      onError: (error) => toastFailure(errorText(error)),
    }),
  );
  const endOthers = useMutation(
    trpc.account.endOtherSessions.mutationOptions({
      onSuccess: ({ ended }) => {
        setIsAsking(false);
        toast(ended === 1 ? "1 session ended" : `${ended} sessions ended`);
        return refresh();
      },
    }),
  );

  return (
    <Section
      title="Sessions"
      description="You do not know one of these? End it and change your password."
      actions={
        <Button variant="outline" size="sm" disabled={others === 0} onClick={() => setIsAsking(true)}>
          End all others
        </Button>
      }
    >
      {list.data !== undefined && (
        <SessionTable
          label="Your sessions"
          sessions={list.data}
          busy={endOne.isPending}
          onEnd={({ id }) => endOne.mutate({ id })}
        />
      )}
      {list.isPending && <TableSkeleton label="Loading sessions" rows={2} />}
      {list.error !== null && (
        <ErrorState
          title="The sessions could not be read"
          error={list.error}
          busy={list.isFetching}
          onRetry={() => void list.refetch()}
        />
      )}
      <ConfirmDialog
        open={isAsking}
        onOpenChange={(open) => {
          setIsAsking(open);
          endOthers.reset();
        }}
        title="End all your other sessions?"
        consequence={`${others === 1 ? "1 browser is" : `${others} browsers are`} signed out with the next click there. This one stays signed in.`}
        confirmLabel="End other sessions"
        busy={endOthers.isPending}
        error={endOthers.error}
        onConfirm={() => endOthers.mutate()}
      />
    </Section>
  );
}
