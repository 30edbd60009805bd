import Link from "next/link";
import { RunStateBadge } from "#components/overview/run-state-badge.tsx";
import { CommandLine } from "#components/shared/command-line.tsx";
import { formatDuration } from "#components/shared/format.ts";
import { RelativeTime } from "#components/shared/relative-time.tsx";
import { Card } from "#components/ui/card.tsx";
import { Table, TableBody, TableCell, TableHead, TableHeader, TableRow } from "#components/ui/table.tsx";
import type { OverviewStatus } from "#server/overview/schema.ts";

interface RecentRunsProps {
  runs: OverviewStatus["runs"];
  now: Date;
  gatewayUrl: string;
}

export function RecentRuns({ runs, now, gatewayUrl }: RecentRunsProps) {
  return (
    <section aria-labelledby="recent-runs" className="flex flex-col gap-3">
      <h2 id="recent-runs" className="text-base font-semibold">
        Recent runs
      </h2>
      <Card>{runs.length === 0 ? <NoRuns gatewayUrl={gatewayUrl} /> : <RunTable runs={runs} now={now} />}</Card>
    </section>
  );
}

function RunTable({ runs, now }: Omit<RecentRunsProps, "gatewayUrl">) {
  return (
    <Table label="Table of recent runs">
      <TableHeader>
        <TableRow>
          <TableHead>Run</TableHead>
          <TableHead>State</TableHead>
          <TableHead>Reason</TableHead>
          <TableHead>Language</TableHead>
          <TableHead>User</TableHead>
          <TableHead>Channel</TableHead>
          <TableHead className="text-right">Duration</TableHead>
          <TableHead className="text-right">Created</TableHead>
        </TableRow>
      </TableHeader>
      <TableBody>
        {runs.map((run) => (
          <TableRow key={run.id}>
            <TableCell className="font-mono text-xs">{run.id}</TableCell>
            <TableCell>
              <RunStateBadge state={run.state} />
            </TableCell>
            <TableCell>{run.reason?.replaceAll("_", " ") ?? <Absent />}</TableCell>
            <TableCell>{run.language}</TableCell>
            <TableCell>{run.userId ?? <Absent />}</TableCell>
            <TableCell>{run.channel}</TableCell>
            <TableCell className="text-right tabular-nums">
              {run.durationMs === null ? <Absent /> : formatDuration(run.durationMs)}
            </TableCell>
            <TableCell className="text-right">
              <RelativeTime value={run.createdAt} now={now} />
            </TableCell>
          </TableRow>
        ))}
      </TableBody>
    </Table>
  );
}

function Absent() {
  return (
    <span className="text-muted-foreground">
      <span aria-hidden>–</span>
      <span className="sr-only">none</span>
    </span>
  );
}

function NoRuns({ gatewayUrl }: { gatewayUrl: string }) {
  const command = [
    `curl -sS ${gatewayUrl}/api/v1/messages \\`,
    `  -H "Authorization: Bearer $OPENCLAW_TOKEN" -H 'Content-Type: application/json' \\`,
    `  -d '{"channel":"api","user":"user123","text":"/run python\\nprint(6*7)"}'`,
  ].join("\n");
  return (
    <div className="flex flex-col gap-3 p-6">
      <p className="font-medium">No code has run yet</p>
      <p className="text-muted-foreground">
        A run is one piece of code in its own locked-down container. First{" "}
        <Link href="/tokens?new">create a token</Link>, put it in <code>$OPENCLAW_TOKEN</code>, then send this; the run
        appears here by itself.
      </p>
      <CommandLine command={command} />
    </div>
  );
}
