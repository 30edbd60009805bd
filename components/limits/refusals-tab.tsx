"use client";

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { ShieldCheckIcon } from "lucide-react";
import Link from "next/link";
import { parseAsInteger, useQueryState } from "nuqs";
import { useTRPC } from "#components/trpc/provider.tsx";
import { useCan } from "#components/trpc/use-viewer.ts";
import { Absent } from "#components/ui/absent.tsx";
import { DataTable } from "#components/ui/data-table.tsx";
import { EmptyState } from "#components/ui/empty-state.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { Pager } from "#components/ui/pager.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";
import { Time } from "#components/ui/time.tsx";

const REFRESH_MS = 5_000;

/** What limits refused lately, from the record. */
export function RefusalsTab() {
  const trpc = useTRPC();
  const can = useCan();
  const [before, setBefore] = useQueryState("before", parseAsInteger.withOptions({ history: "push" }));
  const { data, error, isFetching, refetch } = useQuery(
    trpc.limits.refusals.queryOptions(
      { before: before ?? undefined },
      { refetchInterval: REFRESH_MS, placeholderData: keepPreviousData },
    ),
  );
  if (error !== null && data === undefined) {
    return (
      <ErrorState
        title="The refusals could not be read"
        error={error}
        busy={isFetching}
        onRetry={() => void refetch()}
      />
    );
  }
  if (data === undefined) {
    return <TableSkeleton label="Loading refusals" />;
  }
  const { refusals, next } = data;
  if (refusals.length === 0 && next === null && before === null) {
    return (
      <EmptyState icon={ShieldCheckIcon} title="Nothing was refused for a limit">
        Each message or call that a limit refuses is on record and listed here.
      </EmptyState>
    );
  }
  return (
    <div className="flex flex-col gap-3">
      <DataTable
        label="Refusals by limits, newest first"
        rows={refusals}
        rowKey={({ seq }) => String(seq)}
        columns={[
          { key: "at", header: "When", cell: ({ at }) => <Time value={at} /> },
          {
            key: "who",
            header: "Who",
            cell: ({ user, actor, count }) => (
              <>
                <span className="inline-block max-w-28 truncate align-middle font-mono text-xs sm:max-w-60">
                  {user ?? actor}
                </span>
                {count > 1 && <span className="text-muted-foreground"> ×{count}</span>}
              </>
            ),
          },
          {
            key: "source",
            header: "Rule",
            from: "sm",
            cell: ({ source }) => <span className="font-mono text-xs">{source ?? ""}</span>,
          },
          { key: "channel", header: "Channel", from: "lg", cell: ({ channel }) => channel ?? <Absent /> },
          {
            key: "command",
            header: "Command",
            from: "lg",
            cell: ({ command }) => (command === null ? <Absent /> : `/${command}`),
          },
          {
            key: "address",
            header: "Address",
            from: "xl",
            cell: ({ address }) =>
              address === null ? <Absent /> : <span className="font-mono text-xs">{address}</span>,
          },
        ]}
      />
      {(next !== null || before !== null) && (
        <Pager
          label="Pages of refusals"
          busy={isFetching}
          onNewer={before === null ? null : () => void setBefore(null)}
          onOlder={next === null ? null : () => void setBefore(next)}
        >
          {refusals.length} on this page
        </Pager>
      )}
      {can("audit:read") && (
        <Link
          href="/audit?q=event%3Alimit.exceeded"
          className="inline-flex min-h-6 w-fit items-center underline underline-offset-4"
        >
          Search them in the audit log
        </Link>
      )}
    </div>
  );
}
