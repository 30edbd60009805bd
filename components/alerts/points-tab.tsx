"use client";

import { useQuery } from "@tanstack/react-query";
import { PlusIcon, SendIcon } from "lucide-react";
import dynamic from "next/dynamic";
import { PointState } from "#components/alerts/states.tsx";
import { SourceBadge } from "#components/policy/source-badge.tsx";
import { useOpenRow, useUrlFlag } from "#components/shared/url-state.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { useCan } from "#components/trpc/use-viewer.ts";
import { Absent } from "#components/ui/absent.tsx";
import { Button } from "#components/ui/button.tsx";
import { DataTable, type DataColumn } from "#components/ui/data-table.tsx";
import { EmptyState } from "#components/ui/empty-state.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";
import { Time } from "#components/ui/time.tsx";
import type { PointView } from "#server/alerts/console-schema.ts";

// With a boundary of its own: without one the whole tab would be hidden while it loads, and the focus lost.
const PointSheet = dynamic(() => import("#components/alerts/point-sheet.tsx").then((module) => module.PointSheet), {
  loading: () => null,
});

const REFRESH_MS = 10_000;

const COLUMNS: readonly DataColumn<PointView>[] = [
  { key: "name", header: "Contact point", cell: ({ name }) => name },
  { key: "state", header: "State", cell: (point) => <PointState {...point} /> },
  {
    key: "to",
    header: "To",
    from: "sm",
    cell: ({ recipients, host }) => (
      <span className="font-mono text-xs">{recipients.length > 0 ? recipients.join(", ") : (host ?? "")}</span>
    ),
  },
  {
    key: "receivesAll",
    header: "Receives",
    from: "lg",
    cell: ({ receivesAll }) => (receivesAll ? "everything" : "rules that name it"),
  },
  {
    key: "last",
    header: "Last told",
    from: "lg",
    cell: ({ lastDelivery }) => (lastDelivery === null ? <Absent text="never" /> : <Time value={lastDelivery.at} />),
  },
  { key: "source", header: "Kept in", from: "sm", cell: ({ source }) => <SourceBadge inFile={source === "file"} /> },
];

/** Where alerts go. */
export function PointsTab() {
  const trpc = useTRPC();
  const mayWrite = useCan()("alerts:write");
  const [openId, setOpenId] = useOpenRow();
  const [isAdding, setAdding] = useUrlFlag("new");
  const list = useQuery(trpc.alertPoints.list.queryOptions(undefined, { refetchInterval: REFRESH_MS }));
  const { data } = list;
  const open = data?.points.find(({ id }) => id === openId);
  const add = (
    <Button size="sm" onClick={() => setAdding(true)}>
      <PlusIcon aria-hidden />
      New contact point
    </Button>
  );
  return (
    <div className="flex flex-col gap-4">
      {mayWrite && data !== undefined && data.points.length > 0 && <div className="self-end">{add}</div>}
      {list.error !== null && (
        <ErrorState
          title="The contact points could not be read"
          error={list.error}
          busy={list.isFetching}
          onRetry={() => void list.refetch()}
        />
      )}
      {list.isPending && <TableSkeleton label="Loading contact points" rows={3} />}
      {data !== undefined &&
        (data.points.length === 0 ? (
          <div className="rounded-lg border bg-card">
            <EmptyState icon={SendIcon} title="Nobody is told" action={mayWrite ? add : undefined}>
              Alerts are found and shown here, but nobody hears of them. Add a mail address or a webhook, or write{" "}
              <code className="font-mono text-xs">security.monitoring.alerting</code> in the configuration.
            </EmptyState>
          </div>
        ) : (
          <DataTable
            label="Contact points"
            columns={COLUMNS}
            rows={data.points}
            rowKey={({ id }) => id}
            onOpen={({ id }) => void setOpenId(id)}
            openKey={openId}
          />
        ))}
      {data !== undefined && (open !== undefined || (isAdding && mayWrite)) && (
        <PointSheet
          key={open?.id ?? ""}
          point={open ?? null}
          configFile={data.configFile}
          hasMailServer={data.hasMailServer}
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
