"use client";

import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import Link from "next/link";
import { useState } from "react";
import { SenderName } from "#components/pairing/sender-name.tsx";
import { plainText } from "#components/shared/plain-text.ts";
import { toast } from "#components/shared/toast.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Button } from "#components/ui/button.tsx";
import { ConfirmDialog } from "#components/ui/confirm-dialog.tsx";
import { DataTable, type DataColumn } from "#components/ui/data-table.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { Pager } from "#components/ui/pager.tsx";
import { Section } from "#components/ui/section.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";
import { Time } from "#components/ui/time.tsx";
import type { Identity } from "#server/channels/pairing/schema.ts";

type Place = Pick<Identity, "channel" | "senderId">;

/** Senders who are somebody here. */
export function IdentitiesSection({ mayWrite }: { mayWrite: boolean }) {
  const trpc = useTRPC();
  /** Where each page that was left began; the last one is shown. */
  const [starts, setStarts] = useState<readonly (Place | undefined)[]>([undefined]);
  const [leaving, setLeaving] = useState<Identity | null>(null);
  const after = starts.at(-1);
  const list = useQuery(
    trpc.pairing.identities.queryOptions(after === undefined ? {} : { after }, { placeholderData: keepPreviousData }),
  );
  const next = list.data?.next ?? null;
  const columns: readonly DataColumn<Identity>[] = [
    { key: "sender", header: "Sender", cell: (identity) => <SenderName {...identity} /> },
    { key: "channel", header: "Channel", cell: ({ channel }) => channel },
    {
      key: "user",
      header: "User",
      cell: ({ userId }) => (
        <Link href={`/users?open=${encodeURIComponent(userId)}`} className="underline-offset-4 hover:underline">
          {userId}
        </Link>
      ),
    },
    {
      key: "approvedBy",
      header: "Approved by",
      from: "lg",
      cell: ({ approvedBy }) => <span className="font-mono text-xs">{approvedBy}</span>,
    },
    { key: "createdAt", header: "Since", from: "sm", cell: ({ createdAt }) => <Time value={createdAt} /> },
    ...(mayWrite
      ? [
          {
            key: "actions",
            header: "Actions",
            hiddenHeader: true,
            align: "right",
            cell: (identity: Identity) => (
              <Button
                variant="ghost"
                size="sm"
                aria-label={`Remove ${plainText(identity.senderId)} on ${identity.channel}`}
                onClick={() => setLeaving(identity)}
              >
                Remove
              </Button>
            ),
          } as const,
        ]
      : []),
  ];
  return (
    <Section title="Known senders" description="Bound by an approved code. A user may have senders on many platforms.">
      {list.data !== undefined &&
        (list.data.identities.length === 0 ? (
          <p className="rounded-lg border bg-card p-4 text-muted-foreground">No sender is paired.</p>
        ) : (
          <DataTable
            label="Known senders"
            columns={columns}
            rows={list.data.identities}
            rowKey={({ channel, senderId }) => `${channel} ${senderId}`}
          />
        ))}
      {(next !== null || starts.length > 1) && (
        <Pager
          label="Pages of known senders"
          onNewer={starts.length > 1 ? () => setStarts(starts.slice(0, -1)) : null}
          onOlder={next === null ? null : () => setStarts([...starts, next])}
          busy={list.isFetching}
        />
      )}
      {list.isPending && <TableSkeleton label="Loading known senders" rows={3} />}
      {list.error !== null && (
        <ErrorState
          title="The known senders could not be read"
          error={list.error}
          busy={list.isFetching}
          onRetry={() => void list.refetch()}
        />
      )}
      {leaving !== null && <RemoveIdentity identity={leaving} onClose={() => setLeaving(null)} />}
    </Section>
  );
}

function RemoveIdentity({ identity, onClose }: { identity: Identity; onClose: () => void }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const { channel, senderId, userId } = identity;
  const remove = useMutation(
    trpc.pairing.removeIdentity.mutationOptions({
      onSuccess: async () => {
        onClose();
        toast(`${plainText(senderId)} on ${channel} is nobody's now`);
        await queryClient.invalidateQueries(trpc.pairing.pathFilter());
      },
    }),
  );
  return (
    <ConfirmDialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={`Remove ${plainText(senderId)} from ${userId}?`}
      consequence={`On ${channel} this sender is a stranger again at once. The user and its other senders stay.`}
      confirmLabel="Remove sender"
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate({ channel, senderId })}
    />
  );
}
