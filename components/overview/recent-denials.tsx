"use client";

import { useQuery } from "@tanstack/react-query";
import { ShieldCheckIcon } from "lucide-react";
import Link from "next/link";
import { useTRPC } from "#components/trpc/provider.tsx";
import { useCan } from "#components/trpc/use-viewer.ts";
import { Absent } from "#components/ui/absent.tsx";
import { Button } from "#components/ui/button.tsx";
import { Card } from "#components/ui/card.tsx";
import { DataTable } from "#components/ui/data-table.tsx";
import { EmptyState } from "#components/ui/empty-state.tsx";
import { Section } from "#components/ui/section.tsx";
import { Skeleton } from "#components/ui/skeleton.tsx";
import { Time } from "#components/ui/time.tsx";

const REFRESH_MS = 5_000;

/** Who was refused what, and why: the place to look when somebody asks. */
export function RecentDenials() {
  const trpc = useTRPC();
  const allowed = useCan()("audit:read");
  const { data } = useQuery(
    trpc.overview.denials.queryOptions(undefined, { refetchInterval: REFRESH_MS, enabled: allowed }),
  );
  if (!allowed) {
    return null;
  }
  if (data === undefined) {
    return <Skeleton className="h-40" />;
  }
  return (
    <Section
      title="Recently denied"
      actions={
        <Button asChild variant="outline" size="sm">
          <Link href="/audit?q=outcome%3Adenied">Show all denials</Link>
        </Button>
      }
    >
      {data.length === 0 ? (
        <Card>
          <EmptyState icon={ShieldCheckIcon} title="Nobody was refused">
            When a message, a sign-in or a click is refused, it shows up here with the reason.
          </EmptyState>
        </Card>
      ) : (
        <DataTable
          label="Recently denied"
          rows={data}
          rowKey={({ seq }) => String(seq)}
          columns={[
            {
              key: "who",
              header: "Who",
              cell: ({ who, seq }) => (
                <Link
                  href={`/audit?q=outcome%3Adenied&row=${seq}`}
                  className="break-all underline decoration-muted-foreground underline-offset-4 hover:decoration-foreground"
                >
                  {who}
                </Link>
              ),
            },
            {
              key: "why",
              header: "Why",
              cell: ({ why, because }) => (
                <span className="whitespace-normal">
                  {why}
                  {because !== null && (
                    <span className="font-mono text-xs break-all text-muted-foreground"> {because}</span>
                  )}
                </span>
              ),
            },
            {
              key: "what",
              header: "What",
              from: "lg",
              cell: ({ what, event }) => (
                <span className="font-mono text-xs break-all whitespace-normal">{what ?? event}</span>
              ),
            },
            { key: "address", header: "From", from: "lg", cell: ({ address }) => address ?? <Absent /> },
            { key: "at", header: "When", align: "right", cell: ({ at }) => <Time value={new Date(at)} /> },
          ]}
        />
      )}
    </Section>
  );
}
