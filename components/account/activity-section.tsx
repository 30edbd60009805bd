"use client";

import { useInfiniteQuery } from "@tanstack/react-query";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Absent } from "#components/ui/absent.tsx";
import { Button } from "#components/ui/button.tsx";
import { DataTable, type DataColumn } from "#components/ui/data-table.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { Section } from "#components/ui/section.tsx";
import { StatusBadge } from "#components/ui/status-badge.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";
import { Time } from "#components/ui/time.tsx";
import type { ActivityPage } from "#server/account/schema.ts";

type ActivityEvent = ActivityPage["events"][number];

const COLUMNS: readonly DataColumn<ActivityEvent>[] = [
  { key: "event", header: "Event", cell: ({ event }) => <span className="font-mono text-xs">{event}</span> },
  { key: "outcome", header: "Outcome", cell: ({ outcome }) => <Outcome outcome={outcome} /> },
  { key: "reason", header: "Reason", from: "lg", cell: ({ reason }) => reason ?? <Absent /> },
  {
    key: "address",
    header: "Address",
    from: "sm",
    cell: ({ address }) => (address === null ? <Absent /> : <span className="font-mono text-xs">{address}</span>),
  },
  { key: "at", header: "When", cell: ({ at }) => <Time value={at} /> },
];

/** What somebody just did is in the record a moment later. */
const REFRESH_MS = 5_000;

/** What the record says about the caller's account, newest first. */
export function ActivitySection() {
  const trpc = useTRPC();
  const { data, error, isPending, isFetching, hasNextPage, fetchNextPage, refetch } = useInfiniteQuery(
    trpc.account.activity.infiniteQueryOptions(
      {},
      { getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined, refetchInterval: REFRESH_MS },
    ),
  );
  const events = data?.pages.flatMap((page) => page.events);
  return (
    <Section title="Security activity" description="What the record says about your account, newest first.">
      {events !== undefined &&
        (events.length === 0 ? (
          <p className="rounded-lg border bg-card p-4 text-muted-foreground">Nothing is on record yet.</p>
        ) : (
          <DataTable label="Events of your account" columns={COLUMNS} rows={events} rowKey={({ seq }) => String(seq)} />
        ))}
      {isPending && <TableSkeleton label="Loading activity" rows={5} />}
      {error !== null && (
        <ErrorState
          title="The activity could not be read"
          error={error}
          busy={isFetching}
          onRetry={() => void refetch()}
        />
      )}
      {hasNextPage && (
        <Button
          variant="outline"
          size="sm"
          className="self-start"
          disabled={isFetching}
          onClick={() => void fetchNextPage()}
        >
          Show older activity
        </Button>
      )}
    </Section>
  );
}

function Outcome({ outcome }: { outcome: string }) {
  switch (outcome) {
    case "ok":
      return <StatusBadge status="ok">Done</StatusBadge>;
    case "denied":
      return <StatusBadge status="denied">Denied</StatusBadge>;
    default:
      return <StatusBadge status="failed">Failed</StatusBadge>;
  }
}
