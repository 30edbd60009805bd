"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { NotificationState } from "#components/alerts/states.tsx";
import { DetailSheet } from "#components/shared/detail-sheet.tsx";
import { errorText } from "#components/shared/error-text.ts";
import { formatDuration } from "#components/shared/format.ts";
import { plainText } from "#components/shared/plain-text.ts";
import { toast } from "#components/shared/toast.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { useCan } from "#components/trpc/use-viewer.ts";
import { Absent } from "#components/ui/absent.tsx";
import { Button } from "#components/ui/button.tsx";
import { DataTable, type DataColumn } from "#components/ui/data-table.tsx";
import { DescriptionItem, DescriptionList } from "#components/ui/description-list.tsx";
import { FormError } from "#components/ui/form-error.tsx";
import { Time } from "#components/ui/time.tsx";
import type { DeliveryDetail } from "#server/alerts/console-schema.ts";

const REFRESH_MS = 2_000;

type Try = DeliveryDetail["tries"][number];

const OUTCOMES: Record<Try["outcome"], string> = { sent: "taken", again: "not taken", refused: "refused for good" };

const COLUMNS: readonly DataColumn<Try>[] = [
  { key: "number", header: "Attempt", cell: ({ number }) => String(number) },
  { key: "outcome", header: "Outcome", cell: ({ outcome }) => OUTCOMES[outcome] },
  { key: "status", header: "Status", align: "right", cell: ({ status }) => status ?? <Absent /> },
  {
    key: "durationMs",
    header: "Took",
    align: "right",
    from: "sm",
    cell: ({ durationMs }) => formatDuration(durationMs),
  },
  {
    key: "response",
    header: "Answer",
    cell: ({ response }) => <span className="break-words whitespace-normal">{plainText(response)}</span>,
  },
];

/** One notification, with every attempt at it. */
export function NotificationSheet({ id, onClose }: { id: string; onClose: () => void }) {
  const trpc = useTRPC();
  const detail = useQuery(trpc.alerts.delivery.queryOptions({ id }, { refetchInterval: REFRESH_MS }));
  return (
    <DetailSheet title="Notification" id={id} noun="notification" detail={detail} onClose={onClose}>
      {(delivery) => <Detail delivery={delivery} />}
    </DetailSheet>
  );
}

function Detail({ delivery }: { delivery: DeliveryDetail }) {
  const trpc = useTRPC();
  const mayWrite = useCan()("alerts:write");
  const queryClient = useQueryClient();
  const resend = useMutation(
    trpc.alerts.resend.mutationOptions({
      onSuccess: async () => {
        toast("The notification is sent again");
        await queryClient.invalidateQueries(trpc.alerts.pathFilter());
      },
    }),
  );
  const { state, reason, finishedAt, nextAttemptAt } = delivery;
  return (
    <>
      <FormError text={resend.error === null ? null : errorText(resend.error)} />
      <DescriptionList>
        <DescriptionItem name="State">
          <NotificationState {...delivery} />
        </DescriptionItem>
        <DescriptionItem name="Reason" mono>
          {reason ?? <Absent />}
        </DescriptionItem>
        <DescriptionItem name="To">{delivery.pointName}</DescriptionItem>
        <DescriptionItem name="Says">{plainText(delivery.title)}</DescriptionItem>
        <DescriptionItem name="Alerts">
          <ul className="flex flex-col gap-1">
            {delivery.alerts.map(({ id, rule, status, subject }) => (
              <li key={id}>{`${rule}, ${status}${subject === "" ? "" : `, ${plainText(subject)}`}`}</li>
            ))}
          </ul>
        </DescriptionItem>
        <DescriptionItem name={state === "waiting" ? "Next attempt" : "Finished"}>
          {state === "waiting" ? (
            <Time value={nextAttemptAt} />
          ) : finishedAt === null ? (
            <Absent />
          ) : (
            <Time value={finishedAt} />
          )}
        </DescriptionItem>
      </DescriptionList>
      {state !== "waiting" && mayWrite && (
        <Button
          variant="outline"
          size="sm"
          className="self-start"
          disabled={resend.isPending}
          onClick={() => resend.mutate({ id: delivery.id })}
        >
          {resend.isPending ? "Queueing" : "Send again"}
        </Button>
      )}
      {delivery.tries.length === 0 ? (
        <p className="text-muted-foreground">It was not tried yet.</p>
      ) : (
        <DataTable label="Attempts" columns={COLUMNS} rows={delivery.tries} rowKey={({ number }) => String(number)} />
      )}
    </>
  );
}
