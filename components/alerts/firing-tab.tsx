"use client";

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { BellIcon } from "lucide-react";
import dynamic from "next/dynamic";
import { parseAsArrayOf, parseAsString, parseAsStringLiteral, useQueryStates } from "nuqs";
import { AlertState, SeverityBadge } from "#components/alerts/states.tsx";
import { plainText } from "#components/shared/plain-text.ts";
import { useOpenRow } from "#components/shared/url-state.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Absent } from "#components/ui/absent.tsx";
import { DataTable, type DataColumn } from "#components/ui/data-table.tsx";
import { EmptyState, FilteredEmptyState } from "#components/ui/empty-state.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { Field } from "#components/ui/field.tsx";
import { Pager } from "#components/ui/pager.tsx";
import { Select } from "#components/ui/select.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";
import { Time } from "#components/ui/time.tsx";
import type { AlertView } from "#server/alerts/console-schema.ts";
import { ALERT_SEVERITIES } from "#server/alerts/policy.ts";

const AlertSheet = dynamic(() => import("#components/alerts/alert-sheet.tsx").then((module) => module.AlertSheet));

const REFRESH_MS = 5_000;

const COLUMNS: readonly DataColumn<AlertView>[] = [
  { key: "rule", header: "Alert", cell: ({ rule }) => rule },
  { key: "state", header: "State", cell: (alert) => <AlertState {...alert} /> },
  { key: "severity", header: "Severity", from: "sm", cell: ({ severity }) => <SeverityBadge severity={severity} /> },
  {
    key: "subject",
    header: "About",
    from: "sm",
    cell: ({ subject }) =>
      subject === "" ? <Absent text="all together" /> : <span className="font-mono text-xs">{plainText(subject)}</span>,
  },
  { key: "summary", header: "Found", from: "xl", cell: ({ summary }) => plainText(summary) },
  { key: "startedAt", header: "Since", cell: ({ startedAt }) => <Time value={startedAt} /> },
];

const FILTERS = {
  severity: parseAsStringLiteral(ALERT_SEVERITIES),
  pages: parseAsArrayOf(parseAsString).withDefault([]),
};

/** Alerts that are open, or those that are over. */
export function FiringTab({ open }: { open: boolean }) {
  const trpc = useTRPC();
  const [openId, setOpenId] = useOpenRow();
  const [{ severity, pages }, setFilters] = useQueryStates(FILTERS, { history: "push" });
  const cursor = pages.at(-1);
  const input = {
    open,
    ...(severity === null ? {} : { severity }),
    ...(cursor === undefined ? {} : { cursor }),
  };
  const list = useQuery(
    trpc.alerts.list.queryOptions(input, { refetchInterval: REFRESH_MS, placeholderData: keepPreviousData }),
  );
  const { data } = list;
  const next = data?.nextCursor ?? null;
  return (
    <div className="flex flex-col gap-4">
      <div role="search" aria-label="Filter alerts" className="max-w-52">
        <Field label="Severity">
          <Select
            value={severity ?? ""}
            onChange={(event) =>
              void setFilters({
                severity: ALERT_SEVERITIES.find((known) => known === event.target.value) ?? null,
                pages: null,
              })
            }
          >
            <option value="">Any severity</option>
            {ALERT_SEVERITIES.map((known) => (
              <option key={known}>{known}</option>
            ))}
          </Select>
        </Field>
      </div>
      {list.error !== null && (
        <ErrorState
          title="The alerts could not be read"
          error={list.error}
          busy={list.isFetching}
          onRetry={() => void list.refetch()}
        />
      )}
      {data === undefined ? (
        list.error === null && <TableSkeleton label="Loading alerts" />
      ) : data.alerts.length === 0 ? (
        <div className="rounded-lg border bg-card">
          {severity !== null || pages.length > 0 ? (
            <FilteredEmptyState noun="alerts" onClear={() => void setFilters(null)} />
          ) : open ? (
            <EmptyState icon={BellIcon} title="Nothing fires">
              Rules look at the record and at what is measured all the time. What one of them finds appears here, and
              goes to the contact points.
            </EmptyState>
          ) : (
            <EmptyState icon={BellIcon} title="Nothing has fired yet">
              Alerts that are over are kept here for 90 days.
            </EmptyState>
          )}
        </div>
      ) : (
        <>
          <DataTable
            label={open ? "Open alerts" : "Past alerts"}
            columns={COLUMNS}
            rows={data.alerts}
            rowKey={({ id }) => id}
            onOpen={({ id }) => void setOpenId(id)}
            openKey={openId}
          />
          <Pager
            label="Pages of alerts"
            busy={list.isPlaceholderData}
            onNewer={pages.length === 0 ? null : () => void setFilters({ pages: pages.slice(0, -1) })}
            onOlder={next === null ? null : () => void setFilters({ pages: [...pages, next] })}
          >
            {`${data.alerts.length} alerts on page ${pages.length + 1}`}
          </Pager>
        </>
      )}
      {openId !== null && <AlertSheet key={openId} id={openId} onClose={() => void setOpenId(null)} />}
    </div>
  );
}
