import Link from "next/link";
import { RunStateBadge } from "#components/overview/run-state-badge.tsx";
import { formatDuration } from "#components/shared/format.ts";
import { Absent } from "#components/ui/absent.tsx";
import { DataTable, type DataColumn } from "#components/ui/data-table.tsx";
import { Time } from "#components/ui/time.tsx";
import type { RunRow } from "#server/runs/schema.ts";

/** Runs without their code and without what they said. `now` is the server's time of the answer. */
export function RunTable({ runs, now }: { runs: readonly RunRow[]; now: Date }) {
  return <DataTable label="Table of runs" rows={runs} rowKey={({ id }) => id} columns={columns(now)} />;
}

const columns = (now: Date): DataColumn<RunRow>[] => [
  {
    key: "id",
    header: "Run",
    cell: ({ id }) => (
      <Link
        href={`/runs/${id}`}
        className="inline-flex min-h-6 items-center font-mono text-xs text-primary underline underline-offset-4"
      >
        {id}
      </Link>
    ),
  },
  { key: "state", header: "State", cell: ({ state }) => <RunStateBadge state={state} /> },
  {
    key: "reason",
    header: "Reason",
    from: "lg",
    cell: ({ reason, exitCode, cancelRequestedAt, finishedAt }) =>
      cancelRequestedAt !== null && finishedAt === null ? (
        "being stopped"
      ) : reason === null ? (
        <Absent />
      ) : reason === "exit" ? (
        `exit code ${exitCode ?? "unknown"}`
      ) : (
        reason.replaceAll("_", " ")
      ),
  },
  {
    key: "what",
    header: "What",
    from: "sm",
    cell: ({ language, agent, profile }) => (
      <>
        {agent === null ? language : `agent ${agent}`}
        {profile !== "default" && <span className="text-muted-foreground"> in {profile}</span>}
      </>
    ),
  },
  { key: "user", header: "User", from: "lg", cell: ({ userId }) => userId ?? <Absent /> },
  { key: "channel", header: "Channel", from: "xl", cell: ({ channel }) => channel },
  {
    key: "duration",
    header: "Duration",
    align: "right",
    from: "sm",
    cell: ({ startedAt, finishedAt }) =>
      startedAt === null ? (
        <Absent />
      ) : (
        formatDuration(Math.max(0, (finishedAt ?? now).getTime() - startedAt.getTime()))
      ),
  },
  {
    key: "created",
    header: "Accepted",
    align: "right",
    from: "sm",
    cell: ({ createdAt }) => <Time value={createdAt} />,
  },
];
