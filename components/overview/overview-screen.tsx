"use client";

import { useQuery } from "@tanstack/react-query";
import { TriangleAlertIcon } from "lucide-react";
import { ActivitySection } from "#components/overview/activity-section.tsx";
import { PostureSection } from "#components/overview/posture-section.tsx";
import { RecentDenials } from "#components/overview/recent-denials.tsx";
import { RecentRuns } from "#components/overview/recent-runs.tsx";
import { StatusCards } from "#components/overview/status-cards.tsx";
import { Warnings } from "#components/overview/warnings.tsx";
import { formatAge, formatUtc } from "#components/shared/format.ts";
import { requestIdOf } from "#components/trpc/query-client.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Alert } from "#components/ui/alert.tsx";
import { Button } from "#components/ui/button.tsx";
import { Skeleton } from "#components/ui/skeleton.tsx";
import type { OverviewStatus } from "#server/overview/schema.ts";

const REFRESH_MS = 3_000;

/** State of the whole gateway on one page, refreshed by itself while the page is in view. */
export function OverviewScreen() {
  const trpc = useTRPC();
  const { data, error, refetch, isFetching } = useQuery(
    trpc.overview.status.queryOptions(undefined, { refetchInterval: REFRESH_MS }),
  );
  return (
    <div className="flex flex-col gap-6">
      <div className="flex flex-wrap items-baseline gap-x-4 gap-y-1">
        <h1 className="text-xl font-semibold">Overview</h1>
        {data !== undefined && <GatewayLine status={data} />}
      </div>
      {error !== null && (
        <Failure error={error} stale={data !== undefined} busy={isFetching} onRetry={() => void refetch()} />
      )}
      {data !== undefined && <Content status={data} />}
      {data === undefined && error === null && <Loading />}
    </div>
  );
}

function Content({ status }: { status: OverviewStatus }) {
  return (
    <>
      <Warnings warnings={status.warnings} problems={status.config.problems} />
      <StatusCards status={status} />
      <ActivitySection />
      <RecentDenials />
      <PostureSection />
      <RecentRuns runs={status.runs} now={status.at} gatewayUrl={status.gateway.url} />
    </>
  );
}

function GatewayLine({ status }: { status: OverviewStatus }) {
  const { version, startedAt, home } = status.gateway;
  return (
    <p className="flex min-w-0 flex-wrap gap-x-4 text-muted-foreground">
      <span>Version {version}</span>
      <span title={`Started ${formatUtc(startedAt)}`}>Up {formatAge(status.at.getTime() - startedAt.getTime())}</span>
      <span className="min-w-0 truncate">
        Home <span className="font-mono text-xs">{home}</span>
      </span>
    </p>
  );
}

interface FailureProps {
  error: { message: string };
  /** Older data is still on the page. */
  stale: boolean;
  busy: boolean;
  onRetry: () => void;
}

function Failure({ error, stale, busy, onRetry }: FailureProps) {
  const requestId = requestIdOf(error);
  return (
    <Alert variant="destructive" role="alert">
      <TriangleAlertIcon aria-hidden />
      <div className="grow">
        <p className="font-medium">{stale ? "The status below is out of date" : "The status could not be read"}</p>
        <p className="text-muted-foreground">
          {requestId === null ? "The gateway does not answer. Check that it is running." : error.message}
        </p>
        {requestId !== null && <p className="font-mono text-xs text-muted-foreground">{requestId}</p>}
      </div>
      <Button variant="outline" size="sm" disabled={busy} onClick={onRetry}>
        Try again
      </Button>
    </Alert>
  );
}

function Loading() {
  return (
    <div role="status" className="flex flex-col gap-6">
      <span className="sr-only">Loading status</span>
      <div className="grid gap-3 sm:grid-cols-[repeat(auto-fit,minmax(15rem,1fr))]">
        {["engine", "worker", "database", "audit", "config"].map((name) => (
          <Skeleton key={name} className="h-32" />
        ))}
      </div>
      <Skeleton className="h-64" />
    </div>
  );
}
