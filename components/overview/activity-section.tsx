"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useTRPC } from "#components/trpc/provider.tsx";
import { useCan } from "#components/trpc/use-viewer.ts";
import { Card } from "#components/ui/card.tsx";
import { Section } from "#components/ui/section.tsx";
import { Skeleton } from "#components/ui/skeleton.tsx";
import { Sparkline } from "#components/ui/sparkline.tsx";
import { Time } from "#components/ui/time.tsx";
import type { OverviewActivity } from "#server/overview/schema.ts";

const REFRESH_MS = 10_000;

const SERIES = {
  authentication_failure: {
    title: "Failed sign-ins and tokens",
    tone: "destructive",
    query: "kind:authentication_failure",
  },
  authorization_denied: { title: "Denials", tone: "warning", query: "kind:authorization_denied" },
  rate_limit_exceeded: { title: "Limit hits", tone: "primary", query: "kind:rate_limit_exceeded" },
} as const;

/** What was refused in the last day, and what ends soon. */
export function ActivitySection() {
  const trpc = useTRPC();
  const can = useCan();
  const { data } = useQuery(trpc.overview.activity.queryOptions(undefined, { refetchInterval: REFRESH_MS }));
  if (data === undefined) {
    return <Skeleton className="h-28" />;
  }
  return (
    <Section title="Last 24 hours">
      <div className="grid min-w-0 gap-3 sm:grid-cols-2 xl:grid-cols-4">
        {data.series.map((series) => (
          <Series key={series.kind} series={series} linked={can("audit:read")} />
        ))}
        <Ending activity={data} linked={can("tokens:read")} />
      </div>
    </Section>
  );
}

function Series({
  series: { kind, perHour },
  linked,
}: {
  series: OverviewActivity["series"][number];
  linked: boolean;
}) {
  const { title, tone, query } = SERIES[kind];
  const total = perHour.reduce((sum, count) => sum + count, 0);
  return (
    <Card aria-label={title} className="flex min-w-0 flex-col gap-2 p-4">
      <h3 className="text-muted-foreground">{title}</h3>
      <p className="text-xl font-semibold tabular-nums">
        {linked ? (
          <Link
            href={`/audit?q=${encodeURIComponent(`${query} since:24h`)}`}
            aria-label={`${title}: ${total}. Show in the audit log`}
            className="underline decoration-muted-foreground underline-offset-4 hover:decoration-foreground"
          >
            {total}
          </Link>
        ) : (
          total
        )}
      </p>
      <Sparkline
        values={perHour}
        tone={tone}
        label={`${title} per hour, last 24 h: ${total} in all, ${Math.max(...perHour)} at most`}
      />
    </Card>
  );
}

function Ending({ activity, linked }: { activity: OverviewActivity; linked: boolean }) {
  const { expiringTokens, expiringCount, certificateEnds } = activity;
  return (
    <Card aria-label="Ends soon" className="flex min-w-0 flex-col gap-2 p-4">
      <h3 className="text-muted-foreground">Ends within a week</h3>
      <p className="text-xl font-semibold tabular-nums">
        {linked ? (
          <Link href="/tokens" className="underline decoration-muted-foreground underline-offset-4">
            {expiringCount === 1 ? "1 token" : `${expiringCount} tokens`}
          </Link>
        ) : (
          `${expiringCount} tokens`
        )}
      </p>
      <ul className="text-muted-foreground">
        {expiringTokens.slice(0, 2).map(({ id, name, expiresAt }) => (
          <li key={id} className="flex justify-between gap-2">
            <span className="truncate">{name}</span>
            <Time value={expiresAt} />
          </li>
        ))}
        {certificateEnds !== null && (
          <li className="flex justify-between gap-2">
            <span>Certificate</span>
            <Time value={certificateEnds} />
          </li>
        )}
      </ul>
    </Card>
  );
}
