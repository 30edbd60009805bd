"use client";

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { SendIcon } from "lucide-react";
import dynamic from "next/dynamic";
import { parseAsArrayOf, parseAsString, parseAsStringLiteral, useQueryStates } from "nuqs";
import { NotificationState } from "#components/alerts/states.tsx";
import { plainText } from "#components/shared/plain-text.ts";
import { useOpenRow } from "#components/shared/url-state.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { DataTable, type DataColumn } from "#components/ui/data-table.tsx";
import { EmptyState, FilteredEmptyState } from "#components/ui/empty-state.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { Field } from "#components/ui/field.tsx";
import { Pager } from "#components/ui/pager.tsx";
import { Select } from "#components/ui/select.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";
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

const FILTERS = {
  state: parseAsStringLiteral(DELIVERY_STATES),
  pages: parseAsArrayOf(parseAsString).withDefault([]),
};

/** Every notification, and what became of it. */
export function LogTab() {
  const trpc = useTRPC();
  const [openId, setOpenId] = useOpenRow();
  const [{ state, pages }, setFilters] = useQueryStates(FILTERS, { history: "push" });
  const cursor = pages.at(-1);
  const input = { ...(state === null ? {} : { state }), ...(cursor === undefined ? {} : { cursor }) };
  const list = useQuery(
    trpc.alerts.deliveries.queryOptions(input, { refetchInterval: REFRESH_MS, placeholderData: keepPreviousData }),
  );
  const { data } = list;
  const next = data?.nextCursor ?? null;
  return (
    <div className="flex flex-col gap-4">
      <div role="search" aria-label="Filter notifications" className="max-w-52">
        <Field label="State">
          <Select
            value={state ?? ""}
            onChange={(event) =>
              void setFilters({
                state: DELIVERY_STATES.find((known) => known === event.target.value) ?? null,
                pages: null,
              })
            }
          >
            <option value="">Any state</option>
            {DELIVERY_STATES.map((known) => (
              <option key={known}>{known}</option>
            ))}
          </Select>
        </Field>
      </div>
      {list.error !== null && (
        <ErrorState
          title="The log could not be read"
          error={list.error}
          busy={list.isFetching}
          onRetry={() => void list.refetch()}
        />
      )}
      {data === undefined ? (
        list.error === null && <TableSkeleton label="Loading notifications" />
      ) : data.deliveries.length === 0 ? (
        <div className="rounded-lg border bg-card">
          {state !== null || pages.length > 0 ? (
            <FilteredEmptyState noun="notifications" onClear={() => void setFilters(null)} />
          ) : (
            <EmptyState icon={SendIcon} title="Nothing was sent yet">
              Every notification stands here with each attempt at it and what the receiver said. Send a test under
              Contact points.
            </EmptyState>
          )}
        </div>
      ) : (
        <>
          <DataTable
            label="Notifications"
            columns={COLUMNS}
            rows={data.deliveries}
            rowKey={({ id }) => id}
            onOpen={({ id }) => void setOpenId(id)}
            openKey={openId}
          />
          <Pager
            label="Pages of notifications"
            busy={list.isPlaceholderData}
            onNewer={pages.length === 0 ? null : () => void setFilters({ pages: pages.slice(0, -1) })}
            onOlder={next === null ? null : () => void setFilters({ pages: [...pages, next] })}
          >
            {`${data.deliveries.length} notifications on page ${pages.length + 1}`}
          </Pager>
        </>
      )}
      {openId !== null && <NotificationSheet key={openId} id={openId} onClose={() => void setOpenId(null)} />}
    </div>
  );
}
