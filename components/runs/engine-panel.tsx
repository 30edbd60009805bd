"use client";

import { useQuery } from "@tanstack/react-query";
import { TriangleAlertIcon } from "lucide-react";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Alert } from "#components/ui/alert.tsx";
import { DataTable, type DataColumn } from "#components/ui/data-table.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { Section } from "#components/ui/section.tsx";
import { StatusBadge } from "#components/ui/status-badge.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";
import { Time } from "#components/ui/time.tsx";
import type { EngineCard } from "#server/runs/schema.ts";

const REFRESH_MS = 5_000;

/** Who carries runs out at this moment, on which engine, and how many wait. */
export function EnginePanel() {
  const trpc = useTRPC();
  const engine = useQuery(trpc.runs.engine.queryOptions(undefined, { refetchInterval: REFRESH_MS }));
  const { data } = engine;
  return (
    <Section
      title="Workers"
      description={data === undefined ? undefined : `${data.running} running, ${data.queued} waiting.`}
    >
      {data === undefined ? (
        engine.error === null ? (
          <TableSkeleton label="Loading workers" rows={1} />
        ) : (
          <ErrorState
            title="The workers could not be read"
            error={engine.error}
            busy={engine.isFetching}
            onRetry={() => void engine.refetch()}
          />
        )
      ) : (
        <>
          {data.problem !== null && (
            <Alert variant="warning" role="status">
              <TriangleAlertIcon aria-hidden />
              <p className="min-w-0 break-words">{data.problem}</p>
            </Alert>
          )}
          {data.workers.length > 0 && (
            <DataTable
              label="Workers and their engines"
              rows={data.workers}
              rowKey={({ id }) => id}
              columns={COLUMNS}
            />
          )}
        </>
      )}
    </Section>
  );
}

type Worker = EngineCard["workers"][number];

function stateOf({ alive, engine }: Worker) {
  if (!alive) {
    return <StatusBadge status="stopped">Silent</StatusBadge>;
  }
  if (!engine.reachable) {
    return <StatusBadge status="failed">No engine</StatusBadge>;
  }
  return engine.imageDigest === null ? (
    <StatusBadge status="warning">Image missing</StatusBadge>
  ) : (
    <StatusBadge status="ok">Ready</StatusBadge>
  );
}

const COLUMNS: DataColumn<Worker>[] = [
  { key: "host", header: "Worker", cell: ({ host, id }) => <span title={id}>{host}</span> },
  { key: "state", header: "State", cell: stateOf },
  {
    key: "engine",
    header: "Engine",
    from: "sm",
    cell: ({ engine }) => (engine.version === null ? (engine.error ?? "unknown") : `Docker ${engine.version}`),
    className: "whitespace-normal",
  },
  { key: "runtimes", header: "Runtimes", from: "lg", cell: ({ engine }) => engine.runtimes.join(", ") },
  {
    key: "disks",
    header: "Large disk limits",
    from: "xl",
    cell: ({ engine }) => (engine.loopDisks ? "enforced" : "refused"),
  },
  {
    key: "image",
    header: "Image",
    from: "lg",
    cell: ({ engine }) => <span title={engine.imageDigest ?? undefined}>{engine.image ?? "none"}</span>,
    className: "font-mono text-xs",
  },
  {
    key: "heartbeat",
    header: "Last heard of",
    align: "right",
    cell: ({ heartbeatAt }) => <Time value={heartbeatAt} />,
  },
];
