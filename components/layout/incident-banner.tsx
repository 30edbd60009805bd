"use client";

import { useQuery } from "@tanstack/react-query";
import { OctagonXIcon, SirenIcon } from "lucide-react";
import Link from "next/link";
import { useTRPC } from "#components/trpc/provider.tsx";
import { useCan } from "#components/trpc/use-viewer.ts";
import { Time } from "#components/ui/time.tsx";

const REFRESH_MS = 10_000;

/** On every page: that everything is stopped, or that an incident is open. Nothing when all is well. */
export function IncidentBanner() {
  const trpc = useTRPC();
  const can = useCan();
  const { data } = useQuery(trpc.incidents.banner.queryOptions(undefined, { refetchInterval: REFRESH_MS }));
  if (data === undefined || (data.stopped === null && data.incident === null)) {
    return null;
  }
  const { stopped, incident } = data;
  return (
    <aside
      aria-label="Incident"
      className="flex flex-wrap items-center gap-x-4 gap-y-1 border-b bg-card px-4 py-2 text-destructive sm:px-6"
    >
      {stopped !== null && (
        <p className="flex min-w-0 items-center gap-2 font-medium">
          <OctagonXIcon aria-hidden className="size-4 shrink-0" />
          <span className="min-w-0 break-words">
            Everything is stopped since <Time value={stopped.since} />: {stopped.message}
          </span>
        </p>
      )}
      {incident !== null && (
        <p className="flex min-w-0 items-center gap-2">
          <SirenIcon aria-hidden className="size-4 shrink-0" />
          <span className="min-w-0 break-words">
            {incident.drill ? "Drill" : "Incident"} open since <Time value={incident.since} />
            {incident.title !== null && `: ${incident.title}`}
          </span>
        </p>
      )}
      {can("incidents:read") && (
        <Link href="/incidents" className="inline-flex min-h-6 items-center underline underline-offset-4">
          Go to incidents
        </Link>
      )}
    </aside>
  );
}
