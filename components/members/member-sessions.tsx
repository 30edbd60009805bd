"use client";

import { useMutation } from "@tanstack/react-query";
import { SessionTable } from "#components/auth/session-table.tsx";
import { useMemberChange } from "#components/members/use-member-change.ts";
import { errorText } from "#components/shared/error-text.ts";
import { toastFailure } from "#components/shared/toast.ts";
import type { CallError } from "#components/trpc/query-client.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Button } from "#components/ui/button.tsx";
import { Section } from "#components/ui/section.tsx";
import type { MemberDetails } from "#server/members/schema.ts";

/** Where a member is signed in. */
export function MemberSessions({ member, mayEnd }: { member: MemberDetails; mayEnd: boolean }) {
  const trpc = useTRPC();
  const changed = useMemberChange();
  const onError = (error: CallError) => toastFailure(errorText(error));
  const endOne = useMutation(
    trpc.members.endSession.mutationOptions({ onSuccess: () => changed("Session ended"), onError }),
  );
  const endAll = useMutation(
    trpc.members.endSessions.mutationOptions({
      onSuccess: ({ ended }) => changed(ended === 1 ? "1 session ended" : `${ended} sessions ended`),
      onError,
    }),
  );
  const { id, sessionList } = member;
  const busy = endOne.isPending || endAll.isPending;
  return (
    <Section
      title="Open sessions"
      actions={
        mayEnd &&
        sessionList.length > 1 && (
          <Button variant="outline" size="sm" disabled={busy} onClick={() => endAll.mutate({ id })}>
            End all sessions
          </Button>
        )
      }
    >
      {sessionList.length === 0 ? (
        <p className="text-muted-foreground">Not signed in anywhere.</p>
      ) : (
        <SessionTable
          label={`Sessions of ${member.name}`}
          narrow
          sessions={sessionList}
          busy={busy}
          {...(mayEnd
            ? { onEnd: ({ id: sessionId }: { id: string }) => endOne.mutate({ memberId: id, sessionId }) }
            : {})}
        />
      )}
    </Section>
  );
}
