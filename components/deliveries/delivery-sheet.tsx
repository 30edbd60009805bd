"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import Link from "next/link";
import { useState } from "react";
import { DeliveryState } from "#components/deliveries/delivery-state.tsx";
import { DetailSheet } from "#components/shared/detail-sheet.tsx";
import { plainText } from "#components/shared/plain-text.ts";
import { toast } from "#components/shared/toast.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { useCan } from "#components/trpc/use-viewer.ts";
import { Absent } from "#components/ui/absent.tsx";
import { Button } from "#components/ui/button.tsx";
import { ConfirmDialog } from "#components/ui/confirm-dialog.tsx";
import { DataTable, type DataColumn } from "#components/ui/data-table.tsx";
import { DescriptionItem, DescriptionList } from "#components/ui/description-list.tsx";
import { StatusBadge, type Status } from "#components/ui/status-badge.tsx";
import { Time } from "#components/ui/time.tsx";
import type { DeliveryDetail } from "#server/channels/console-schema.ts";

const REFRESH_MS = 2_000;

type Reply = DeliveryDetail["replies"][number];

const REPLY_STATES: Record<Reply["state"], Status> = {
  pending: "waiting",
  sending: "busy",
  sent: "ok",
  failed: "failed",
};

const REPLY_COLUMNS: readonly DataColumn<Reply>[] = [
  { key: "part", header: "Part", cell: ({ part }) => String(part) },
  {
    key: "state",
    header: "State",
    cell: ({ state }) => <StatusBadge status={REPLY_STATES[state]}>{state}</StatusBadge>,
  },
  { key: "attempts", header: "Attempts", align: "right", cell: ({ attempts }) => attempts },
  {
    key: "when",
    header: "Sent",
    cell: ({ sentAt, state, nextAttemptAt }) =>
      sentAt !== null ? (
        <Time value={sentAt} />
      ) : state === "pending" ? (
        <>
          due <Time value={nextAttemptAt} />
        </>
      ) : (
        <Absent />
      ),
  },
  {
    key: "reason",
    header: "Reason",
    cell: ({ reason }) => (reason === null ? <Absent /> : <span className="break-words">{plainText(reason)}</span>),
  },
];

/** One delivery: who, what became of it, and each message of its answer. */
export function DeliverySheet({ id, onClose }: { id: string; onClose: () => void }) {
  const trpc = useTRPC();
  const detail = useQuery(trpc.connections.delivery.queryOptions({ id }, { refetchInterval: REFRESH_MS }));
  return (
    <DetailSheet title="Delivery" id={id} noun="delivery" detail={detail} onClose={onClose}>
      {(delivery) => <Detail delivery={delivery} />}
    </DetailSheet>
  );
}

function Detail({ delivery }: { delivery: DeliveryDetail }) {
  const can = useCan();
  const [isRetrying, setRetrying] = useState(false);
  const { state, reason, channel, kind, senderId, userId, conversationId, eventId, runId, requestId } = delivery;
  return (
    <>
      <DescriptionList>
        <DescriptionItem name="State">
          <DeliveryState state={state} />
        </DescriptionItem>
        <DescriptionItem name="Reason" mono>
          {reason ?? <Absent />}
        </DescriptionItem>
        <DescriptionItem name="Channel">{channel}</DescriptionItem>
        <DescriptionItem name="Kind">{kind}</DescriptionItem>
        <DescriptionItem name="Sender" mono>
          {plainText(senderId)}
        </DescriptionItem>
        <DescriptionItem name="User">{userId ?? <Absent text="nobody known" />}</DescriptionItem>
        <DescriptionItem name="Conversation" mono>
          {plainText(conversationId)}
        </DescriptionItem>
        <DescriptionItem name="Event of the platform" mono>
          {plainText(eventId)}
        </DescriptionItem>
        <DescriptionItem name="Accepted">
          <Time value={delivery.acceptedAt} />
        </DescriptionItem>
        <DescriptionItem name="Finished">
          {delivery.finishedAt === null ? <Absent /> : <Time value={delivery.finishedAt} />}
        </DescriptionItem>
        <DescriptionItem name="Taken up">
          {delivery.attempt === 1 ? "once" : `${delivery.attempt} times`}
        </DescriptionItem>
      </DescriptionList>
      <div className="flex flex-wrap gap-2">
        {runId !== null && can("runs:read") && (
          <Button asChild variant="outline" size="sm">
            <Link href={`/runs/${runId}`}>Open run</Link>
          </Button>
        )}
        {can("audit:read") && (
          <Button asChild variant="outline" size="sm">
            <Link href={`/audit?q=${encodeURIComponent(`request:${requestId}`)}`}>Show on the record</Link>
          </Button>
        )}
        {state === "failed" && can("channels:write") && (
          <Button variant="outline" size="sm" className="ml-auto" onClick={() => setRetrying(true)}>
            Try again
          </Button>
        )}
      </div>
      {delivery.replies.length === 0 ? (
        <p className="text-muted-foreground">Nothing was sent in answer.</p>
      ) : (
        <DataTable
          label="Messages of the answer"
          columns={REPLY_COLUMNS}
          rows={delivery.replies}
          rowKey={(reply) => reply.id}
        />
      )}
      {isRetrying && <RetryDelivery id={delivery.id} onClose={() => setRetrying(false)} />}
    </>
  );
}

function RetryDelivery({ id, onClose }: { id: string; onClose: () => void }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const retry = useMutation(
    trpc.connections.retry.mutationOptions({
      onSuccess: async () => {
        onClose();
        toast("The delivery is worked on again");
        await queryClient.invalidateQueries(trpc.connections.pathFilter());
      },
    }),
  );
  return (
    <ConfirmDialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title="Try this delivery again?"
      consequence="What was not sent is sent now. A message that may have arrived before a crash can arrive twice: look at the conversation first."
      confirmLabel="Try again"
      busy={retry.isPending}
      error={retry.error}
      onConfirm={() => retry.mutate({ id })}
    />
  );
}
