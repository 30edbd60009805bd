"use client";

import { useQuery } from "@tanstack/react-query";
import { PlusIcon, SirenIcon } from "lucide-react";
import dynamic from "next/dynamic";
import { RuleState, SeverityBadge } from "#components/alerts/states.tsx";
import { useOpenRow, useUrlFlag } from "#components/shared/url-state.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { useCan } from "#components/trpc/use-viewer.ts";
import { Button } from "#components/ui/button.tsx";
import { DataTable, type DataColumn } from "#components/ui/data-table.tsx";
import { EmptyState } from "#components/ui/empty-state.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";
import type { Rule } from "#server/alerts/schema.ts";

// With a boundary of its own: without one the whole tab would be hidden while it loads, and the focus lost.
const RuleSheet = dynamic(() => import("#components/alerts/rule-sheet.tsx").then((module) => module.RuleSheet), {
  loading: () => null,
});

const REFRESH_MS = 10_000;

const COLUMNS: readonly DataColumn<Rule>[] = [
  { key: "name", header: "Rule", cell: ({ name }) => name },
  { key: "state", header: "State", cell: (rule) => <RuleState {...rule} /> },
  { key: "severity", header: "Severity", from: "sm", cell: ({ severity }) => <SeverityBadge severity={severity} /> },
  { key: "type", header: "Looks at", from: "sm", cell: ({ condition }) => LOOKS_AT[condition.type] },
  { key: "description", header: "What for", from: "xl", cell: ({ description }) => description },
  {
    key: "builtin",
    header: "Comes from",
    from: "lg",
    cell: ({ builtin }) => (builtin === null ? "you" : "the gateway"),
  },
];

const LOOKS_AT: Record<Rule["condition"]["type"], string> = {
  metric: "a measurement",
  anomaly: "anomalies",
  event: "events",
  absence: "what does not come",
};

/** What is watched for. */
export function RulesTab() {
  const trpc = useTRPC();
  const mayWrite = useCan()("alerts:write");
  const [openId, setOpenId] = useOpenRow();
  const [isAdding, setAdding] = useUrlFlag("new");
  const list = useQuery(trpc.alertRules.list.queryOptions(undefined, { refetchInterval: REFRESH_MS }));
  const { data } = list;
  const open = data?.rules.find(({ id }) => id === openId);
  const add = (
    <Button size="sm" onClick={() => setAdding(true)}>
      <PlusIcon aria-hidden />
      New rule
    </Button>
  );
  return (
    <div className="flex flex-col gap-4">
      {mayWrite && data !== undefined && data.rules.length > 0 && <div className="self-end">{add}</div>}
      {list.error !== null && (
        <ErrorState
          title="The rules could not be read"
          error={list.error}
          busy={list.isFetching}
          onRetry={() => void list.refetch()}
        />
      )}
      {list.isPending && <TableSkeleton label="Loading rules" />}
      {data !== undefined &&
        (data.rules.length === 0 ? (
          <div className="rounded-lg border bg-card">
            <EmptyState icon={SirenIcon} title="There is no rule" action={mayWrite ? add : undefined}>
              A rule says what is to be told: a measurement beyond a bound, an event, an anomaly, or something that does
              not come.
            </EmptyState>
          </div>
        ) : (
          <DataTable
            label="Alert rules"
            columns={COLUMNS}
            rows={data.rules}
            rowKey={({ id }) => id}
            onOpen={({ id }) => void setOpenId(id)}
            openKey={openId}
          />
        ))}
      {data !== undefined && (open !== undefined || (isAdding && mayWrite)) && (
        <RuleSheet
          key={open?.id ?? ""}
          rule={open ?? null}
          mayWrite={mayWrite}
          onClose={() => {
            setAdding(false);
            void setOpenId(null);
          }}
        />
      )}
    </div>
  );
}
