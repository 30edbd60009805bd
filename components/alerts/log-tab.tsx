"use client";

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { SendIcon } from "lucide-react";
import dynamic from "next/dynamic";
import { NotificationState } from "#components/alerts/states.tsx";
import { ChoiceFilter } from "#components/shared/choice-filter.tsx";
import { PagedList } from "#components/shared/paged-list.tsx";
import { plainText } from "#components/shared/plain-text.ts";
import { useChoiceFilter, useOpenRow } from "#components/shared/url-state.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { DataTable, type DataColumn } from "#components/ui/data-table.tsx";
import { EmptyState } from "#components/ui/empty-state.tsx";
import { Time } from "#components/ui/time.tsx";
import type { DeliveryView } from "#server/alerts/console-schema.ts";
import { DELIVERY_STATES } from "#server/alerts/policy.ts";

// With a boundary of its own: without one the whole tab would be hidden while it loads, and the focus lost.
const NotificationSheet = dynamic(
  () => import("#components/alerts/notification-sheet.tsx").then((module) => module.NotificationSheet),
  { loading: () => null },
);

const REFRESH_MS = 5_000;

const COLUMNS: readonly DataColumn<DeliveryView>[] = [
  { key: "title", header: "Notification", cell: ({ title }) => plainText(title) },
  { key: "state", header: "State", cell: (delivery) => <NotificationState {...delivery} /> },
  { key: "pointName", header: "To", from: "sm", cell: ({ pointName }) => pointName },
  { key: "attempts", header: "Attempts", align: "right", from: "lg", cell: ({ attempts }) => attempts },
  { key: "createdAt", header: "Queued", cell: ({ createdAt }) => <Time value={createdAt} /> },
];

/** Every notification, and what became of it. */
export function LogTab() {
  const trpc = useTRPC();
  const [openId, setOpenId] = useOpenRow();
  const filters = useChoiceFilter("state", DELIVERY_STATES);
  const { choice, cursor } = filters;
  const input = { ...(choice === null ? {} : { state: choice }), ...(cursor === undefined ? {} : { cursor }) };
  const list = useQuery(
    trpc.alerts.deliveries.queryOptions(input, { refetchInterval: REFRESH_MS, placeholderData: keepPreviousData }),
  );
  return (
    <div className="flex flex-col gap-4">
      <ChoiceFilter
        label="State"
        searchLabel="Filter notifications"
        values={DELIVERY_STATES}
        choice={choice}
        onChoose={filters.choose}
      />
      <PagedList
        noun="notifications"
        list={list}
        rows={list.data?.deliveries}
        next={list.data?.nextCursor}
        filters={filters}
        empty={
          <EmptyState icon={SendIcon} title="Nothing was sent yet">
            Every notification stands here with each attempt at it and what the receiver said. Send a test under Contact
            points.
          </EmptyState>
        }
      >
        {(deliveries) => (
          <DataTable
            label="Notifications"
            columns={COLUMNS}
            rows={deliveries}
            rowKey={({ id }) => id}
            onOpen={({ id }) => void setOpenId(id)}
            openKey={openId}
          />
        )}
      </PagedList>
      {openId !== null && <NotificationSheet key={openId} id={openId} onClose={() => void setOpenId(null)} />}
    </div>
  );
}
