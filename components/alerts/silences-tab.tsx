"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { BellOffIcon, PlusIcon } from "lucide-react";
import dynamic from "next/dynamic";
import { SilenceState } from "#components/alerts/states.tsx";
import { errorText } from "#components/shared/error-text.ts";
import { plainText } from "#components/shared/plain-text.ts";
import { toast } from "#components/shared/toast.ts";
import { useUrlFlag } from "#components/shared/url-state.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { useCan } from "#components/trpc/use-viewer.ts";
import { Button } from "#components/ui/button.tsx";
import { DataTable, type DataColumn } from "#components/ui/data-table.tsx";
import { EmptyState } from "#components/ui/empty-state.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { FormError } from "#components/ui/form-error.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";
import { Time } from "#components/ui/time.tsx";
import type { MatcherOperator } from "#server/alerts/policy.ts";
import type { Silence } from "#server/alerts/schema.ts";

// With a boundary of its own: without one the whole tab would be hidden while it loads, and the focus lost.
const SilenceSheet = dynamic(
  () => import("#components/alerts/silence-sheet.tsx").then((module) => module.SilenceSheet),
  { loading: () => null },
);

const SIGNS: Record<MatcherOperator, string> = { is: "=", is_not: "≠", like: "like" };

const words = ({ matchers }: Silence) =>
  matchers.map(({ label, operator, value }) => `${label} ${SIGNS[operator]} ${plainText(value)}`).join(" and ");

const COLUMNS: readonly DataColumn<Silence>[] = [
  { key: "what", header: "Silences", cell: words },
  { key: "state", header: "State", cell: ({ state }) => <SilenceState state={state} /> },
  { key: "comment", header: "Why", from: "sm", cell: ({ comment }) => plainText(comment) },
  { key: "endsAt", header: "Until", cell: ({ endsAt }) => <Time value={endsAt} /> },
  { key: "createdBy", header: "Set by", from: "lg", cell: ({ createdBy }) => createdBy },
];

/** Alerts that nobody is told of for a time. */
export function SilencesTab() {
  const trpc = useTRPC();
  const mayWrite = useCan()("alerts:write");
  const queryClient = useQueryClient();
  const [isAdding, setAdding] = useUrlFlag("new");
  const list = useQuery(trpc.alertSilences.list.queryOptions());
  const { data } = list;
  const end = useMutation(
    trpc.alertSilences.end.mutationOptions({
      onSuccess: async () => {
        toast("Silence ended");
        await queryClient.invalidateQueries(trpc.alertSilences.pathFilter());
      },
    }),
  );
  const add = (
    <Button size="sm" onClick={() => setAdding(true)}>
      <PlusIcon aria-hidden />
      New silence
    </Button>
  );
  const actions: DataColumn<Silence> = {
    key: "end",
    header: "Actions",
    hiddenHeader: true,
    align: "right",
    cell: (silence) =>
      silence.state !== "ended" && (
        <Button
          variant="outline"
          size="sm"
          aria-label={`End the silence of ${words(silence)}`}
          disabled={end.isPending}
          onClick={() => end.mutate({ id: silence.id })}
        >
          End
        </Button>
      ),
  };
  return (
    <div className="flex flex-col gap-4">
      {mayWrite && data !== undefined && data.silences.length > 0 && <div className="self-end">{add}</div>}
      <FormError text={end.error === null ? null : errorText(end.error)} />
      {list.error !== null && (
        <ErrorState
          title="The silences could not be read"
          error={list.error}
          busy={list.isFetching}
          onRetry={() => void list.refetch()}
        />
      )}
      {list.isPending && <TableSkeleton label="Loading silences" rows={2} />}
      {data !== undefined &&
        (data.silences.length === 0 ? (
          <div className="rounded-lg border bg-card">
            <EmptyState icon={BellOffIcon} title="Nothing is silenced" action={mayWrite ? add : undefined}>
              During planned work a silence keeps notifications back for a time. Alerts are still found, shown and
              recorded; what still fires when it ends is told then.
            </EmptyState>
          </div>
        ) : (
          <DataTable
            label="Silences"
            columns={mayWrite ? [...COLUMNS, actions] : COLUMNS}
            rows={data.silences}
            rowKey={({ id }) => id}
          />
        ))}
      {isAdding && mayWrite && <SilenceSheet onClose={() => setAdding(false)} />}
    </div>
  );
}
