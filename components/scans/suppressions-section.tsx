"use client";

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { errorText } from "#components/shared/error-text.ts";
import { toast, toastFailure } from "#components/shared/toast.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { useCan } from "#components/trpc/use-viewer.ts";
import { Absent } from "#components/ui/absent.tsx";
import { Button } from "#components/ui/button.tsx";
import { DataTable } from "#components/ui/data-table.tsx";
import { Section } from "#components/ui/section.tsx";
import { StatusBadge } from "#components/ui/status-badge.tsx";
import { Time } from "#components/ui/time.tsx";
import type { SuppressedFinding, Suppression } from "#server/scan/schema.ts";

interface SuppressionsSectionProps {
  /** Findings of the last scan that are covered. */
  suppressed: readonly SuppressedFinding[];
  suppressions: readonly Suppression[];
}

/** Accepted for a time, with who and why. They end by themselves. */
export function SuppressionsSection({ suppressed, suppressions }: SuppressionsSectionProps) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const can = useCan();
  const end = useMutation(
    trpc.scans.endSuppression.mutationOptions({
      onSuccess: () => {
        toast("The suppression holds no longer");
        return queryClient.invalidateQueries(trpc.scans.pathFilter());
      },
      onError: (error) => toastFailure(errorText(error)),
    }),
  );
  if (suppressions.length === 0) {
    return null;
  }
  return (
    <Section
      title="Suppressions"
      description="Findings that somebody has accepted for a time. They count for nothing until it is over, and then come back."
    >
      <DataTable
        label="Suppressions"
        rows={suppressions}
        rowKey={({ id }) => id}
        columns={[
          {
            key: "check",
            header: "Check",
            cell: ({ checkId, match }) => (
              <div className="min-w-0">
                <span className="font-mono text-xs break-all">{checkId}</span>
                {match !== null && <p className="break-all whitespace-normal text-muted-foreground">holding {match}</p>}
              </div>
            ),
          },
          {
            key: "reason",
            header: "Reason",
            cell: ({ reason, createdBy }) => (
              <span className="break-words whitespace-normal">
                {reason} <span className="text-muted-foreground">({createdBy})</span>
              </span>
            ),
          },
          { key: "until", header: "Until", from: "sm", cell: ({ until }) => <Time value={until} /> },
          {
            key: "covers",
            header: "Covers now",
            from: "lg",
            align: "right",
            cell: ({ id, live }) =>
              live ? suppressed.filter(({ suppression }) => suppression.id === id).length : <Absent />,
          },
          {
            key: "state",
            header: "State",
            from: "sm",
            cell: ({ live }) => (
              <StatusBadge status={live ? "ending" : "stopped"}>{live ? "Holds" : "Over"}</StatusBadge>
            ),
          },
          {
            key: "actions",
            header: "Actions",
            hiddenHeader: true,
            cell: ({ id, checkId, live }) =>
              live && can("scans:run") ? (
                <Button
                  variant="outline"
                  size="sm"
                  aria-label={`End the suppression of ${checkId}`}
                  disabled={end.isPending}
                  onClick={() => end.mutate({ id })}
                >
                  End
                </Button>
              ) : null,
          },
        ]}
      />
    </Section>
  );
}
