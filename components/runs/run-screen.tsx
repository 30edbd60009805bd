"use client";

import { useQuery, useQueryClient } from "@tanstack/react-query";
import dynamic from "next/dynamic";
import Link from "next/link";
import { useEffect } from "react";
import { RunStateBadge } from "#components/overview/run-state-badge.tsx";
import { RunCode } from "#components/runs/run-code.tsx";
import { RunFacts } from "#components/runs/run-facts.tsx";
import { RunFiles } from "#components/runs/run-files.tsx";
import { RunLimitsTable } from "#components/runs/run-limits.tsx";
import { RunOutcome } from "#components/runs/run-outcome.tsx";
import { RunTimeline } from "#components/runs/run-timeline.tsx";
import { RunUsage } from "#components/runs/run-usage.tsx";
import { StopRun } from "#components/runs/stop-run.tsx";
import { useRunEvents } from "#components/runs/use-run-events.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { CopyButton } from "#components/ui/copy-button.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { PageHeader } from "#components/ui/page-header.tsx";
import { Section } from "#components/ui/section.tsx";
import { Skeleton } from "#components/ui/skeleton.tsx";
import type { RunDetailOutput } from "#server/runs/schema.ts";

const LiveLog = dynamic(() => import("#components/runs/live-log.tsx").then(({ LiveLog: component }) => component), {
  ssr: false,
  loading: () => <Skeleton className="h-64" />,
});

const REFRESH_MS = 2_000;
const isOver = (state: RunDetailOutput["run"]["state"]): boolean => state !== "queued" && state !== "running";

/** One run: how it stands, what it says, and what it was allowed. Refreshed by itself until it has ended. */
export function RunScreen({ runId }: { runId: string }) {
  const trpc = useTRPC();
  const detail = useQuery(
    trpc.runs.byId.queryOptions(
      { runId },
      {
        refetchInterval: ({ state: { data } }) => (data !== undefined && isOver(data.run.state) ? false : REFRESH_MS),
      },
    ),
  );
  return (
    <>
      <nav aria-label="Breadcrumb" className="-mb-2">
        <Link href="/runs" className="text-muted-foreground underline-offset-4 hover:underline">
          Runs
        </Link>
      </nav>
      {detail.data === undefined ? (
        <Unread runId={runId} error={detail.error} busy={detail.isFetching} onRetry={() => void detail.refetch()} />
      ) : (
        <KnownRun key={runId} detail={detail.data} />
      )}
    </>
  );
}

interface UnreadProps {
  runId: string;
  error: { message: string } | null;
  busy: boolean;
  onRetry: () => void;
}

function Unread({ runId, error, busy, onRetry }: UnreadProps) {
  return (
    <>
      <PageHeader title={`Run ${runId.slice(0, 64)}`} />
      {error === null ? (
        <div role="status">
          <span className="sr-only">Loading the run</span>
          <Skeleton className="h-64" />
        </div>
      ) : (
        <ErrorState title="The run could not be read" error={error} busy={busy} onRetry={onRetry} />
      )}
    </>
  );
}

function KnownRun({ detail: { run, mayCancel } }: { detail: RunDetailOutput }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const events = useRunEvents(run.id);
  const over = isOver(run.state);

  useEffect(() => {
    if (events.ended) {
      void queryClient.invalidateQueries({ queryKey: trpc.runs.byId.queryKey({ runId: run.id }) });
      void queryClient.invalidateQueries({ queryKey: trpc.runs.files.queryKey({ runId: run.id }) });
    }
  }, [events.ended, queryClient, trpc, run.id]);

  return (
    <>
      <PageHeader
        title={`Run ${run.id}`}
        description={
          <span className="flex flex-wrap items-center gap-2">
            <RunStateBadge state={run.state} />
            {run.agent === null ? `Program in ${run.language}` : `Question to agent ${run.agent}`}
          </span>
        }
        actions={
          <>
            <CopyButton value={run.id} label="Copy run id" size="sm" />
            {mayCancel && !over && <StopRun run={run} />}
          </>
        }
      />
      <RunOutcome run={run} />
      <Section
        title="Live log"
        description="What the program prints, without control characters. It is text, whatever it looks like."
      >
        <LiveLog runId={run.id} events={events} running={!over && !events.ended} />
      </Section>
      <div className="grid min-w-0 gap-6 lg:grid-cols-2">
        <RunFacts run={run} />
        <RunUsage run={run} live={over ? null : events.usage} />
      </div>
      <RunLimitsTable run={run} />
      <RunCode runId={run.id} isQuestion={run.agent !== null} />
      <RunFiles runId={run.id} />
      <RunTimeline events={events.timeline} cut={events.timelineCut} />
    </>
  );
}
