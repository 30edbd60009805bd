"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ScanSearchIcon } from "lucide-react";
import dynamic from "next/dynamic";
import { FindingsSection } from "#components/scans/findings-section.tsx";
import { NotCheckedSection } from "#components/scans/not-checked-section.tsx";
import { ScoreSection } from "#components/scans/score-section.tsx";
import { SuppressionsSection } from "#components/scans/suppressions-section.tsx";
import { errorText } from "#components/shared/error-text.ts";
import { formatAge } from "#components/shared/format.ts";
import { toast, toastFailure } from "#components/shared/toast.ts";
import { useOpenRow } from "#components/shared/url-state.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { useCan } from "#components/trpc/use-viewer.ts";
import { Button } from "#components/ui/button.tsx";
import { EmptyState } from "#components/ui/empty-state.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { PageHeader } from "#components/ui/page-header.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";
import type { ScansView } from "#server/scan/schema.ts";

const SuppressDialog = dynamic(async () => (await import("#components/scans/suppress-dialog.tsx")).SuppressDialog);

const REFRESH_MS = 15_000;

/** What scans of this installation found, what is new, and what somebody has accepted for a time. */
export function ScansScreen() {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const can = useCan();
  const [suppressing, setSuppressing] = useOpenRow("suppress");
  const { data, error, isFetching, refetch } = useQuery(
    trpc.scans.view.queryOptions(undefined, { refetchInterval: REFRESH_MS }),
  );
  const run = useMutation(
    trpc.scans.run.mutationOptions({
      onSuccess: ({ score, grade, fresh }) => {
        toast(`Scan finished: ${score} of 100, grade ${grade}, ${fresh === 0 ? "nothing new" : `${fresh} new`}`);
        return queryClient.invalidateQueries(trpc.scans.pathFilter());
      },
      onError: (failure) => toastFailure(errorText(failure)),
    }),
  );
  const scanNow = can("scans:run") && (
    <Button disabled={run.isPending} onClick={() => run.mutate()}>
      {run.isPending ? "Scanning…" : "Scan now"}
    </Button>
  );
  const finding = data?.last?.findings.find(({ fingerprint }) => fingerprint === suppressing);
  return (
    <div className="flex min-w-0 flex-col gap-6">
      <PageHeader
        title="Security scan"
        description={
          data === undefined ? "Everything that can be judged about this installation." : <Schedule view={data} />
        }
        actions={scanNow}
      />
      <p role="status" className="sr-only">
        {run.isPending ? "The scan is under way." : ""}
      </p>
      {error !== null && (
        <ErrorState
          title="The scans could not be read"
          error={error}
          busy={isFetching}
          onRetry={() => void refetch()}
        />
      )}
      {data === undefined && error === null && <TableSkeleton label="Loading scans" />}
      {data?.last === null && (
        <div className="rounded-lg border bg-card">
          <EmptyState icon={ScanSearchIcon} title="No scan yet" action={scanNow}>
            A scan looks at configuration, files, TLS, tokens, roles, members, channels, sandbox, record, backups and
            this machine, and says for each finding where it comes from and what corrects it. On the command line:{" "}
            <code className="break-all">openclaw security scan</code>
          </EmptyState>
        </div>
      )}
      {data !== undefined && data.last !== null && (
        <>
          <ScoreSection last={data.last} history={data.history} />
          <FindingsSection
            findings={data.last.findings}
            onSuppress={can("scans:run") ? (fingerprint) => void setSuppressing(fingerprint) : undefined}
          />
          <NotCheckedSection parts={data.last.notChecked} />
          <SuppressionsSection suppressed={data.last.suppressed} suppressions={data.suppressions} />
        </>
      )}
      {finding !== undefined && <SuppressDialog finding={finding} onClose={() => void setSuppressing(null)} />}
    </div>
  );
}

function Schedule({ view: { schedule } }: { view: ScansView }) {
  return (
    <>
      {schedule.enabled
        ? `A scan is made by itself every ${formatAge(schedule.intervalMs)}.`
        : "No scan is made by itself (security.monitoring.scan.enabled is false)."}{" "}
      The same on the command line, with reports for code hosts: <code>openclaw security scan</code>
    </>
  );
}
