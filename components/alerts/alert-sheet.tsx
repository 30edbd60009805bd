"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import Link from "next/link";
import { AlertState, NotificationState, SeverityBadge } from "#components/alerts/states.tsx";
import { DetailSheet } from "#components/shared/detail-sheet.tsx";
import { errorText } from "#components/shared/error-text.ts";
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
import type { AlertDetail } from "#server/alerts/console-schema.ts";

const REFRESH_MS = 3_000;

type Told = AlertDetail["told"][number];

const TOLD: Record<Told["kind"], string> = { fired: "Beginning", reminded: "Reminder", resolved: "End" };

const COLUMNS: readonly DataColumn<Told>[] = [
  { key: "kind", header: "What", cell: ({ kind }) => TOLD[kind] },
  { key: "point", header: "To", cell: ({ point }) => point },
  { key: "at", header: "When", cell: ({ at }) => <Time value={at} /> },
  {
    key: "state",
    header: "State",
    cell: ({ state }) =>
      state === null ? <Absent text="gathered" /> : <NotificationState state={state} attempts={0} />,
  },
];

/** One alert: what was found, since when, who was told, and taking it on. */
export function AlertSheet({ id, onClose }: { id: string; onClose: () => void }) {
  const trpc = useTRPC();
  const detail = useQuery(trpc.alerts.byId.queryOptions({ id }, { refetchInterval: REFRESH_MS }));
  return (
    <DetailSheet title={detail.data?.rule ?? "Alert"} id={id} noun="alert" detail={detail} onClose={onClose}>
      {(alert) => <Detail alert={alert} />}
    </DetailSheet>
  );
}

function Detail({ alert }: { alert: AlertDetail }) {
  const trpc = useTRPC();
  const can = useCan();
  const queryClient = useQueryClient();
  const acknowledge = useMutation(
    trpc.alerts.acknowledge.mutationOptions({
      onSuccess: async () => {
        toast("Alert acknowledged");
        await queryClient.invalidateQueries(trpc.alerts.pathFilter());
      },
    }),
  );
  const { state, subject, acknowledgedBy, acknowledgedAt, firstSeq, lastSeq, firedAt, resolvedAt, silencedBy } = alert;
  const isOpen = state === "firing" || state === "recovering";
  return (
    <>
      <FormError text={acknowledge.error === null ? null : errorText(acknowledge.error)} />
      <DescriptionList>
        <DescriptionItem name="State">
          <AlertState {...alert} />
        </DescriptionItem>
        <DescriptionItem name="Severity">
          <SeverityBadge severity={alert.severity} />
        </DescriptionItem>
        <DescriptionItem name="About" mono>
          {subject === "" ? <Absent text="all together" /> : plainText(subject)}
        </DescriptionItem>
        <DescriptionItem name="Found">{plainText(alert.summary)}</DescriptionItem>
        <DescriptionItem name="Condition">{alert.condition}</DescriptionItem>
        <DescriptionItem name="Since">
          <Time value={alert.startedAt} />
        </DescriptionItem>
        <DescriptionItem name="Fired">{firedAt === null ? <Absent /> : <Time value={firedAt} />}</DescriptionItem>
        <DescriptionItem name="Resolved">
          {resolvedAt === null ? <Absent /> : <Time value={resolvedAt} />}
        </DescriptionItem>
        {alert.flaps > 0 && <DescriptionItem name="Came and went">{`${alert.flaps + 1} times`}</DescriptionItem>}
        {silencedBy !== null && (
          <DescriptionItem name="Silenced by" mono>
            {silencedBy}
          </DescriptionItem>
        )}
        {acknowledgedAt !== null && (
          <DescriptionItem name="Acknowledged">
            {acknowledgedBy} <Time value={acknowledgedAt} />
          </DescriptionItem>
        )}
        {firstSeq !== null && lastSeq !== null && (
          <DescriptionItem name="Events of the record" mono>
            {firstSeq === lastSeq ? String(firstSeq) : `${firstSeq} to ${lastSeq}`}
          </DescriptionItem>
        )}
      </DescriptionList>
      <div className="flex flex-wrap gap-2">
        <Button asChild variant="outline" size="sm">
          <Link href={`/alerts?tab=rules&open=${encodeURIComponent(alert.ruleId)}`}>Open rule</Link>
        </Button>
        {can("audit:read") && (
          <Button asChild variant="outline" size="sm">
            <Link href={`/audit?q=${encodeURIComponent(`target:${alert.id}`)}`}>Show on the record</Link>
          </Button>
        )}
        {isOpen && acknowledgedAt === null && can("alerts:write") && (
          <Button
            size="sm"
            className="ml-auto"
            disabled={acknowledge.isPending}
            onClick={() => acknowledge.mutate({ id: alert.id })}
          >
            {acknowledge.isPending ? "Acknowledging" : "Acknowledge"}
          </Button>
        )}
      </div>
      {alert.told.length === 0 ? (
        <p className="text-muted-foreground">Nobody was told of it.</p>
      ) : (
        <DataTable
          label="Who was told"
          columns={COLUMNS}
          rows={alert.told}
          rowKey={({ at, kind, point }) => `${at.getTime()} ${kind} ${point}`}
        />
      )}
    </>
  );
}
