"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { CommandLine } from "#components/shared/command-line.tsx";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Button } from "#components/ui/button.tsx";
import { Card } from "#components/ui/card.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { Meter } from "#components/ui/meter.tsx";
import { Section } from "#components/ui/section.tsx";
import { Skeleton } from "#components/ui/skeleton.tsx";
import { StatusBadge, type Status } from "#components/ui/status-badge.tsx";
import type { Posture, PostureLine } from "#server/overview/schema.ts";

const REFRESH_MS = 15_000;
const STATES: Record<PostureLine["state"], { status: Status; text: string }> = {
  done: { status: "ok", text: "Done" },
  todo: { status: "waiting", text: "To do" },
  risk: { status: "failed", text: "At risk" },
  unknown: { status: "none", text: "Not known" },
};
const PARTS = { setup: "Initial setup", maintenance: "Ongoing maintenance" } as const;

/** The security checklist, judged from what is so; nothing here can be ticked by hand. */
export function PostureSection() {
  const trpc = useTRPC();
  const { data, error, isFetching, refetch } = useQuery(
    trpc.overview.posture.queryOptions(undefined, { refetchInterval: REFRESH_MS }),
  );
  if (error !== null && data === undefined) {
    return (
      <ErrorState
        title="The checklist could not be read"
        error={error}
        busy={isFetching}
        onRetry={() => void refetch()}
      />
    );
  }
  if (data === undefined) {
    return <Skeleton className="h-64" />;
  }
  return (
    <Section
      title="Security posture"
      description="Each line is judged from the running system. The same on the command line: openclaw security status"
    >
      <Score posture={data} />
      <div className="grid min-w-0 gap-3 xl:grid-cols-2">
        {(["setup", "maintenance"] as const).map((part) => (
          <Card key={part} aria-label={PARTS[part]} className="min-w-0">
            <h3 className="border-b px-4 py-2 font-medium">{PARTS[part]}</h3>
            <ul className="divide-y">
              {data.lines
                .filter((line) => line.part === part)
                .map((line) => (
                  <Line key={line.id} line={line} />
                ))}
            </ul>
          </Card>
        ))}
      </div>
    </Section>
  );
}

function Score({ posture: { score, explanation } }: { posture: Posture }) {
  return score === null ? null : (
    <div className="max-w-prose">
      <Meter label="Security posture" value={score} max={100} text={`${score} of 100`} warnFrom={2} alarmFrom={2} />
      <p className="mt-1 text-muted-foreground">{explanation}</p>
    </div>
  );
}

function Line({ line: { label, state, evidence, fix, dueAt } }: { line: PostureLine }) {
  return (
    <li className="flex min-w-0 flex-col gap-1 px-4 py-3">
      <div className="flex flex-wrap items-center gap-2">
        <StatusBadge status={STATES[state].status}>{STATES[state].text}</StatusBadge>
        <span className="font-medium">{label}</span>
        {dueAt !== null && (
          <span className="text-muted-foreground">
            due <time dateTime={dueAt.toISOString()}>{dueAt.toISOString().slice(0, 10)}</time>
          </span>
        )}
        {fix?.href !== null && fix?.href !== undefined && (
          <Button asChild variant="outline" size="sm" className="ml-auto">
            <Link href={fix.href} aria-label={`Fix: ${label}`}>
              Fix
            </Link>
          </Button>
        )}
      </div>
      <p className="break-words text-muted-foreground">
        {evidence} {fix !== null && <span className="text-foreground">{fix.text}</span>}
      </p>
      {fix?.command !== null && fix?.command !== undefined && fix.href === null && (
        <CommandLine command={fix.command} />
      )}
    </li>
  );
}
