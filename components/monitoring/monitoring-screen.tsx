"use client";

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import dynamic from "next/dynamic";
import { parseAsString, parseAsStringLiteral, useQueryStates } from "nuqs";
import { MetricCards } from "#components/monitoring/metric-cards.tsx";
import { useTRPC } from "#components/trpc/provider.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { PageHeader } from "#components/ui/page-header.tsx";
import { Select } from "#components/ui/select.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";
import { RANGE_NAMES, RANGES } from "#server/metrics/policy.ts";
import { METRIC_NAMES } from "#server/metrics/schema.ts";

const MetricDetailSection = dynamic(
  () => import("#components/monitoring/metric-detail.tsx").then((module) => module.MetricDetailSection),
  { loading: () => <TableSkeleton label="Loading" /> },
);

const AnomaliesSection = dynamic(
  () => import("#components/anomalies/anomalies-section.tsx").then((module) => module.AnomaliesSection),
  { loading: () => <TableSkeleton label="Loading episodes" rows={3} /> },
);

const REFRESH_MS = 15_000;

/** What the gateway measures: every metric at a glance, one of them in detail, and the events behind it. */
export function MonitoringScreen() {
  const trpc = useTRPC();
  const [{ range, metric, subject }, setChosen] = useQueryStates(
    {
      range: parseAsStringLiteral(RANGE_NAMES).withDefault("24h"),
      metric: parseAsStringLiteral(METRIC_NAMES).withDefault("authentication_failures"),
      subject: parseAsString.withDefault(""),
    },
    { history: "push" },
  );
  const overview = useQuery(
    trpc.metrics.overview.queryOptions({ range }, { refetchInterval: REFRESH_MS, placeholderData: keepPreviousData }),
  );
  const { data } = overview;
  return (
    <div className="flex flex-col gap-8">
      <PageHeader
        title="Monitoring"
        description="What the gateway counts and measures. Choose a metric to see who it comes from and the events behind it."
        actions={
          <Select
            aria-label="Time"
            className="w-40"
            value={range}
            onChange={(event) => {
              const next = RANGE_NAMES.find((name) => name === event.target.value);
              void setChosen({ range: next ?? "24h" });
            }}
          >
            {RANGE_NAMES.map((name) => (
              <option key={name} value={name}>
                {RANGES[name].label}
              </option>
            ))}
          </Select>
        }
      />
      {overview.error !== null && (
        <ErrorState
          title={data === undefined ? "The measurements could not be read" : "The numbers below are out of date"}
          error={overview.error}
          busy={overview.isFetching}
          onRetry={() => void overview.refetch()}
        />
      )}
      {data === undefined && overview.error === null && <TableSkeleton label="Loading measurements" />}
      {data !== undefined && (
        <>
          <MetricDetailSection
            key={metric}
            range={range}
            metric={metric}
            subject={subject}
            onSubject={(next) => void setChosen({ subject: next })}
          />
          <AnomaliesSection />
          <MetricCards
            overview={data}
            chosen={metric}
            onChoose={(next) => void setChosen({ metric: next, subject: "" })}
          />
        </>
      )}
    </div>
  );
}
