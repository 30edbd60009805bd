"use client";

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { InboxIcon } from "lucide-react";
import dynamic from "next/dynamic";
import { DeliveryFilters } from "#components/deliveries/delivery-filters.tsx";
import { DeliveryState } from "#components/deliveries/delivery-state.tsx";
import { useDeliveryFilters } from "#components/deliveries/use-delivery-filters.ts";
import { PagedList } from "#components/shared/paged-list.tsx";
import { plainText } from "#components/shared/plain-text.ts";
import { useOpenRow } from "#components/shared/url-state.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Absent } from "#components/ui/absent.tsx";
import { DataTable, type DataColumn } from "#components/ui/data-table.tsx";
import { EmptyState } from "#components/ui/empty-state.tsx";
import { PageHeader } from "#components/ui/page-header.tsx";
import { Time } from "#components/ui/time.tsx";
import type { DeliveryRow } from "#server/channels/console-schema.ts";

const DeliverySheet = dynamic(() =>
  import("#components/deliveries/delivery-sheet.tsx").then((module) => module.DeliverySheet),
);

const REFRESH_MS = 3_000;

const COLUMNS: readonly DataColumn<DeliveryRow>[] = [
  { key: "acceptedAt", header: "Accepted", cell: ({ acceptedAt }) => <Time value={acceptedAt} /> },
  { key: "channel", header: "Channel", cell: ({ channel }) => channel },
  {
    key: "sender",
    header: "Sender",
    from: "sm",
    cell: ({ senderId }) => (
      <span className="inline-block max-w-48 truncate align-bottom font-mono text-xs">{plainText(senderId)}</span>
    ),
  },
  { key: "user", header: "User", from: "lg", cell: ({ userId }) => userId ?? <Absent /> },
  { key: "kind", header: "Kind", from: "xl", cell: ({ kind }) => kind },
  { key: "state", header: "State", cell: ({ state }) => <DeliveryState state={state} /> },
  {
    key: "reason",
    header: "Reason",
    from: "lg",
    cell: ({ reason }) => (reason === null ? <Absent /> : <code className="font-mono text-xs">{reason}</code>),
  },
];

/** What came in from platforms and what became of it. Never what was written. */
export function DeliveriesScreen() {
  const trpc = useTRPC();
  const filters = useDeliveryFilters();
  const [openId, setOpenId] = useOpenRow();
  const list = useQuery(
    trpc.connections.deliveries.queryOptions(filters.input, {
      refetchInterval: REFRESH_MS,
      placeholderData: keepPreviousData,
    }),
  );
  return (
    <div className="flex flex-col gap-6">
      <PageHeader
        title="Deliveries"
        description="Everything that platforms delivered, newest first, and whether the answer arrived. What was written is not shown."
      />
      <DeliveryFilters filters={filters} />
      <PagedList
        noun="deliveries"
        list={list}
        rows={list.data?.deliveries}
        next={list.data?.nextCursor}
        filters={filters}
        empty={
          <EmptyState icon={InboxIcon} title="Nothing was delivered yet">
            Messages from connected platforms appear here as soon as their signature is proven. Those that prove nothing
            are on the audit log only.
          </EmptyState>
        }
      >
        {(deliveries) => (
          <DataTable
            label="Deliveries"
            columns={COLUMNS}
            rows={deliveries}
            rowKey={({ id }) => id}
            onOpen={({ id }) => void setOpenId(id)}
            openKey={openId}
          />
        )}
      </PagedList>
      {openId !== null && <DeliverySheet key={openId} id={openId} onClose={() => void setOpenId(null)} />}
    </div>
  );
}
