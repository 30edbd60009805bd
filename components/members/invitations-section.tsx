"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { toast } from "#components/shared/toast.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Button } from "#components/ui/button.tsx";
import { ConfirmDialog } from "#components/ui/confirm-dialog.tsx";
import { DataTable, type DataColumn } from "#components/ui/data-table.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { Section } from "#components/ui/section.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";
import { Time } from "#components/ui/time.tsx";
import type { OpenInvitation } from "#server/members/schema.ts";

const REFRESH_MS = 10_000;

/** Whom an invitation is for, in words. */
const nameOf = ({ email }: OpenInvitation): string => email ?? "First administrator";

/** Links that were made and not opened yet. */
export function InvitationsSection({ mayWrite }: { mayWrite: boolean }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const list = useQuery(trpc.members.invitations.queryOptions(undefined, { refetchInterval: REFRESH_MS }));
  const [revoking, setRevoking] = useState<OpenInvitation | null>(null);
  const revoke = useMutation(
    trpc.members.revokeInvitation.mutationOptions({
      onSuccess: async () => {
        setRevoking(null);
        toast("Invitation revoked");
        await queryClient.invalidateQueries(trpc.members.invitations.queryFilter());
      },
    }),
  );

  const columns: readonly DataColumn<OpenInvitation>[] = [
    {
      key: "email",
      header: "For",
      cell: (invitation) => <span className="inline-block max-w-64 truncate align-bottom">{nameOf(invitation)}</span>,
    },
    {
      key: "purpose",
      header: "Opens",
      from: "lg",
      cell: ({ purpose }) => (purpose === "member" ? "A new account" : "A new password"),
    },
    { key: "role", header: "Role", cell: ({ role }) => role },
    {
      key: "createdBy",
      header: "Made by",
      from: "lg",
      cell: ({ createdBy }) => <span className="font-mono text-xs">{createdBy}</span>,
    },
    { key: "createdAt", header: "Made", from: "sm", cell: ({ createdAt }) => <Time value={createdAt} /> },
    { key: "expiresAt", header: "Expires", cell: ({ expiresAt }) => <Time value={expiresAt} /> },
    ...(mayWrite
      ? [
          {
            key: "actions",
            header: "Actions",
            hiddenHeader: true,
            align: "right",
            cell: (invitation: OpenInvitation) => (
              <Button
                variant="ghost"
                size="sm"
                aria-label={`Revoke invitation of ${nameOf(invitation)}`}
                onClick={() => setRevoking(invitation)}
              >
                Revoke
              </Button>
            ),
          } as const,
        ]
      : []),
  ];

  return (
    <Section title="Open invitations" description="Links that were made and not opened yet. Each works once.">
      {list.data !== undefined &&
        (list.data.invitations.length === 0 ? (
          <p className="rounded-lg border bg-card p-4 text-muted-foreground">No invitation is open.</p>
        ) : (
          <DataTable label="Invitations" columns={columns} rows={list.data.invitations} rowKey={({ id }) => id} />
        ))}
      {list.isPending && <TableSkeleton label="Loading invitations" rows={2} />}
      {list.error !== null && (
        <ErrorState
          title="The invitations could not be read"
          error={list.error}
          busy={list.isFetching}
          onRetry={() => void list.refetch()}
        />
      )}
      <ConfirmDialog
        open={revoking !== null}
        onOpenChange={(open) => {
          if (!open) {
            setRevoking(null);
            revoke.reset();
          }
        }}
        title={`Revoke the invitation of ${revoking === null ? "" : nameOf(revoking)}?`}
        consequence="Its link stops working at once. You can invite the same address again."
        confirmLabel="Revoke invitation"
        busy={revoke.isPending}
        error={revoke.error}
        onConfirm={() => (revoking === null ? undefined : revoke.mutate({ id: revoking.id }))}
      />
    </Section>
  );
}
