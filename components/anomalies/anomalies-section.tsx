"use client";

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { ActivityIcon } from "lucide-react";
import dynamic from "next/dynamic";
import { parseAsStringLiteral, useQueryState } from "nuqs";
import { AnomalyState } from "#components/anomalies/anomaly-state.tsx";
import { rangeText, valueText } from "#components/anomalies/words.ts";
import { plainText } from "#components/shared/plain-text.ts";
import { useOpenRow } from "#components/shared/url-state.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { DataTable, type DataColumn } from "#components/ui/data-table.tsx";
import { EmptyState, FilteredEmptyState } from "#components/ui/empty-state.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { Section } from "#components/ui/section.tsx";
import { Select } from "#components/ui/select.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";
import { Time } from "#components/ui/time.tsx";
import { ANOMALY_STATES } from "#server/anomalies/policy.ts";
import type { AnomalyList, AnomalyView } from "#server/anomalies/schema.ts";

const AnomalySheet = dynamic(() =>
  import("#components/anomalies/anomaly-sheet.tsx").then((module) => module.AnomalySheet),
);

/** A look comes once a minute. */
const REFRESH_MS = 30_000;

const COLUMNS: readonly DataColumn<AnomalyView>[] = [
  { key: "startedAt", header: "Began", cell: ({ startedAt }) => <Time value={startedAt} /> },
  { key: "state", header: "State", cell: (anomaly) => <AnomalyState anomaly={anomaly} /> },
  { key: "what", header: "What", cell: ({ label }) => label },
  {
    key: "about",
    header: "About",
    from: "sm",
    cell: ({ subject }) => (
      <span className="inline-block max-w-48 truncate align-bottom font-mono text-xs">
        {subject === "" ? "all together" : plainText(subject)}
      </span>
    ),
  },
  { key: "value", header: "Measured", align: "right", from: "sm", cell: valueText },
  { key: "range", header: "Ordinary", align: "right", from: "lg", cell: rangeText },
  { key: "score", header: "Score", align: "right", cell: ({ score }) => score.toFixed(2) },
];

/** What is unusual about the measurements: episodes, newest first, each with its explanation and its events. */
export function AnomaliesSection() {
  const trpc = useTRPC();
  const [state, setState] = useQueryState(
    "anomalies",
    parseAsStringLiteral(ANOMALY_STATES).withOptions({ history: "push" }),
  );
  const [openId, setOpenId] = useOpenRow("anomaly");
  const list = useQuery(
    trpc.anomalies.list.queryOptions(state === null ? {} : { state }, {
      refetchInterval: REFRESH_MS,
      placeholderData: keepPreviousData,
    }),
  );
  const { data } = list;
  return (
    <Section
      title="Unusual activity"
      description={data === undefined ? undefined : <Watch watch={data.watch} />}
      actions={
        <Select
          aria-label="Episodes"
          className="w-44"
          value={state ?? ""}
          onChange={(event) => void setState(ANOMALY_STATES.find((each) => each === event.target.value) ?? null)}
        >
          <option value="">All episodes</option>
          <option value="open">Going on</option>
          <option value="ended">Over</option>
          <option value="acknowledged">Acknowledged</option>
        </Select>
      }
    >
      {list.error !== null && (
        <ErrorState
          title="The episodes could not be read"
          error={list.error}
          busy={list.isFetching}
          onRetry={() => void list.refetch()}
        />
      )}
      {data === undefined ? (
        list.error === null && <TableSkeleton label="Loading episodes" rows={3} />
      ) : data.anomalies.length === 0 ? (
        <div className="rounded-lg border bg-card">
          {state === null ? (
            <EmptyState icon={ActivityIcon} title="Nothing was unusual yet">
              Each metric and its busiest subjects are compared with their own past: the time of day, the day of the
              week and the last hours. The first two and a half days only teach what is ordinary.
            </EmptyState>
          ) : (
            <FilteredEmptyState noun="episodes" onClear={() => void setState(null)} />
          )}
        </div>
      ) : (
        <DataTable
          label="Unusual activity"
          columns={COLUMNS}
          rows={data.anomalies}
          rowKey={({ id }) => id}
          onOpen={({ id }) => void setOpenId(id)}
          openKey={openId}
        />
      )}
      {openId !== null && <AnomalySheet key={openId} id={openId} onClose={() => void setOpenId(null)} />}
    </Section>
  );
}

function Watch({ watch }: { watch: AnomalyList["watch"] }) {
  if (!watch.enabled) return <>Detection is off in the configuration: nothing new is found.</>;
  return (
    <>
      {`${watch.series} series, looked at over ${watch.windowSeconds / 60} minutes; reported from a score of ${watch.threshold} on. `}
      {watch.upTo !== null && (
        <>
          Looked at up to <Time value={watch.upTo} />.
        </>
      )}
    </>
  );
}
