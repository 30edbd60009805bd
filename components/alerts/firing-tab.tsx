"use client";

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { BellIcon } from "lucide-react";
import dynamic from "next/dynamic";
import { AlertState, SeverityBadge } from "#components/alerts/states.tsx";
import { ChoiceFilter } from "#components/shared/choice-filter.tsx";
import { PagedList } from "#components/shared/paged-list.tsx";
import { plainText } from "#components/shared/plain-text.ts";
import { useChoiceFilter, useOpenRow } from "#components/shared/url-state.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Absent } from "#components/ui/absent.tsx";
import { DataTable, type DataColumn } from "#components/ui/data-table.tsx";
import { EmptyState } from "#components/ui/empty-state.tsx";
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

/** Alerts that are open, or those that are over. */
export function FiringTab({ open }: { open: boolean }) {
  const trpc = useTRPC();
  const [openId, setOpenId] = useOpenRow();
  const filters = useChoiceFilter("severity", ALERT_SEVERITIES);
  const { choice, cursor } = filters;
  const input = {
    open,
    ...(choice === null ? {} : { severity: choice }),
    ...(cursor === undefined ? {} : { cursor }),
  };
  const list = useQuery(
    trpc.alerts.list.queryOptions(input, { refetchInterval: REFRESH_MS, placeholderData: keepPreviousData }),
  );
  return (
    <div className="flex flex-col gap-4">
      <ChoiceFilter
        label="Severity"
        searchLabel="Filter alerts"
        values={ALERT_SEVERITIES}
        choice={choice}
        onChoose={filters.choose}
      />
      <PagedList
        noun="alerts"
        list={list}
        rows={list.data?.alerts}
        next={list.data?.nextCursor}
        filters={filters}
        empty={<NoAlerts open={open} />}
      >
        {(alerts) => (
          <DataTable
            label={open ? "Open alerts" : "Past alerts"}
            columns={COLUMNS}
            rows={alerts}
            rowKey={({ id }) => id}
            onOpen={({ id }) => void setOpenId(id)}
            openKey={openId}
          />
        )}
      </PagedList>
      {openId !== null && <AlertSheet key={openId} id={openId} onClose={() => void setOpenId(null)} />}
    </div>
  );
}

function NoAlerts({ open }: { open: boolean }) {
  return open ? (
    <EmptyState icon={BellIcon} title="Nothing fires">
      Rules look at the record and at what is measured all the time. What one of them finds appears here, and goes to
      the contact points.
    </EmptyState>
  ) : (
    <EmptyState icon={BellIcon} title="Nothing has fired yet">
      Alerts that are over are kept here for 90 days.
    </EmptyState>
  );
}
