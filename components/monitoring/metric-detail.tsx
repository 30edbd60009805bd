"use client";

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { ActivityIcon } from "lucide-react";
import Link from "next/link";
import { parseAsBoolean, useQueryState } from "nuqs";
import { amount, recordLink, subjectText } from "#components/monitoring/words.ts";
import { formatUtc } from "#components/shared/format.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { useCan } from "#components/trpc/use-viewer.ts";
import { BarHistogram } from "#components/ui/bar-histogram.tsx";
import { Button } from "#components/ui/button.tsx";
import { DataTable, type DataColumn } from "#components/ui/data-table.tsx";
import { EmptyState } from "#components/ui/empty-state.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { Section } from "#components/ui/section.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";
import { Time } from "#components/ui/time.tsx";
import type { MetricDetail } from "#server/metrics/console-schema.ts";
import type { Range } from "#server/metrics/policy.ts";
import { METRICS, OTHER, valueOf, type MetricName } from "#server/metrics/schema.ts";

interface MetricDetailProps {
  range: Range;
  metric: MetricName;
  subject: string;
  onSubject: (subject: string) => void;
}

const REFRESH_MS = 15_000;
const DAY_MS = 86_400_000;

type Bar = MetricDetail["bars"][number];
type Subject = MetricDetail["subjects"][number];

/** One metric over time, who has the most of it, and the way to the events. */
export function MetricDetailSection({ range, metric, subject, onSubject }: MetricDetailProps) {
  const trpc = useTRPC();
  const [asTable, setAsTable] = useQueryState("table", parseAsBoolean.withDefault(false));
  const detail = useQuery(
    trpc.metrics.detail.queryOptions(
      { range, metric, subject },
      { refetchInterval: REFRESH_MS, placeholderData: keepPreviousData },
    ),
  );
  const { label, meaning, subjects } = METRICS[metric];
  const { data } = detail;
  return (
    <Section
      title={subject === "" ? label : `${label} of ${subjectText(subject)}`}
      description={meaning}
      actions={
        <>
          {subject !== "" && (
            <Button variant="outline" size="sm" onClick={() => onSubject("")}>
              Show all together
            </Button>
          )}
          <Button variant="outline" size="sm" aria-pressed={asTable} onClick={() => void setAsTable(!asTable)}>
            As a table
          </Button>
        </>
      }
    >
      {detail.error !== null && (
        <ErrorState
          title="The metric could not be read"
          error={detail.error}
          busy={detail.isFetching}
          onRetry={() => void detail.refetch()}
        />
      )}
      {data === undefined && detail.error === null && <TableSkeleton label="Loading the metric" />}
      {data !== undefined && (
        <div className="flex flex-col gap-4">
          {asTable ? (
            <BarTable detail={data} metric={metric} subject={subject} />
          ) : (
            <MetricChart detail={data} metric={metric} subject={subject} />
          )}
          {subjects.length > 0 && <SubjectTable detail={data} metric={metric} chosen={subject} onSubject={onSubject} />}
        </div>
      )}
    </Section>
  );
}

const barLabel = (atMs: number, barMs: number): string =>
  barMs >= DAY_MS ? formatUtc(new Date(atMs)).slice(0, 10) : formatUtc(new Date(atMs)).slice(0, 16);

interface ShownDetail {
  detail: MetricDetail;
  metric: MetricName;
  subject: string;
}

/** Bars alone: as targets they would be too narrow. The table beside has a link for each. */
function MetricChart({ detail: { bars, barMs }, metric }: ShownDetail) {
  return (
    <BarHistogram
      label={`${METRICS[metric].label} per ${widthText(barMs)}`}
      series={[{ name: METRICS[metric].unit, tone: METRICS[metric].security ? "warning" : "primary" }]}
      bars={bars.map((bar) => ({
        key: String(bar.atMs),
        label: barLabel(bar.atMs, barMs),
        values: [valueOf(metric, bar)],
      }))}
      format={(value) => amount(metric, value)}
      className="rounded-lg border bg-card p-4"
    />
  );
}

function BarTable({ detail: { bars, barMs }, metric, subject }: ShownDetail) {
  const columns: readonly DataColumn<Bar>[] = [
    { key: "at", header: "From", cell: ({ atMs }) => <Time value={new Date(atMs)} /> },
    {
      key: "value",
      header: METRICS[metric].label,
      align: "right",
      cell: (bar) => amount(metric, valueOf(metric, bar)),
    },
    { key: "count", header: "Counted", align: "right", from: "sm", cell: ({ count }) => count.toLocaleString("en") },
    {
      key: "events",
      header: "Events",
      hiddenHeader: true,
      align: "right",
      cell: ({ atMs }) => (
        <EventsLink link={recordLink(metric, subject, atMs, atMs + barMs)} what={barLabel(atMs, barMs)} />
      ),
    },
  ];
  const shown = bars.filter(({ count }) => count > 0).toReversed();
  return shown.length === 0 ? (
    <Nothing metric={metric} />
  ) : (
    <DataTable label={METRICS[metric].label} columns={columns} rows={shown} rowKey={({ atMs }) => String(atMs)} />
  );
}

function SubjectTable({
  detail: { subjects, fromMs, toMs },
  metric,
  chosen,
  onSubject,
}: Omit<ShownDetail, "subject"> & { chosen: string; onSubject: (subject: string) => void }) {
  const columns: readonly DataColumn<Subject>[] = [
    { key: "subject", header: "Who or what", cell: ({ subject }) => subjectText(subject) },
    {
      key: "value",
      header: METRICS[metric].label,
      align: "right",
      cell: (row) => amount(metric, valueOf(metric, row)),
    },
    {
      key: "events",
      header: "Events",
      hiddenHeader: true,
      align: "right",
      cell: ({ subject }) => (
        <EventsLink
          link={subject.startsWith(`${OTHER}:`) ? null : recordLink(metric, subject, fromMs, toMs)}
          what={subjectText(subject)}
        />
      ),
    },
  ];
  return subjects.length === 0 ? (
    <Nothing metric={metric} />
  ) : (
    <DataTable
      label={`${METRICS[metric].label} by whom`}
      columns={columns}
      rows={subjects}
      rowKey={({ subject }) => subject}
      onOpen={({ subject }) => onSubject(subject)}
      openKey={chosen === "" ? null : chosen}
    />
  );
}

function EventsLink({ link, what }: { link: string | null; what: string }) {
  const can = useCan();
  return link === null || !can("audit:read") ? null : (
    <Link href={link} aria-label={`Events: ${what}`} className="underline-offset-4 hover:underline">
      Events
    </Link>
  );
}

function Nothing({ metric }: { metric: MetricName }) {
  return (
    <div className="rounded-lg border bg-card">
      <EmptyState icon={ActivityIcon} title="Nothing was counted in this time">
        {METRICS[metric].meaning}
      </EmptyState>
    </div>
  );
}

function widthText(ms: number): string {
  const [size, unit] =
    ms < 3_600_000 ? [ms / 60_000, "minute"] : ms < DAY_MS ? [ms / 3_600_000, "hour"] : [ms / DAY_MS, "day"];
  return size === 1 ? unit : `${size} ${unit}s`;
}
