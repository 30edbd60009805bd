"use client";

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { DownloadIcon } from "lucide-react";
import dynamic from "next/dynamic";
import { useCallback, useState } from "react";
import { FacetPanel } from "#components/audit/facet-panel.tsx";
import { LiveRecord } from "#components/audit/live-record.tsx";
import { toggleTerm } from "#components/audit/question-text.ts";
import { Presets, TimeRange } from "#components/audit/quick-filters.tsx";
import { SearchBox } from "#components/audit/search-box.tsx";
import { TimeChart } from "#components/audit/time-chart.tsx";
import { useIsWide } from "#components/audit/use-is-wide.ts";
import { useLive, useOpenSeq, useQuestion } from "#components/audit/use-question.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { useCan } from "#components/trpc/use-viewer.ts";
import { Button } from "#components/ui/button.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { PageHeader } from "#components/ui/page-header.tsx";
import { Skeleton } from "#components/ui/skeleton.tsx";
import { Switch } from "#components/ui/switch.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";
import { PAGE_ROWS, type Qualifier } from "#server/audit/policy.ts";

const DetailPanel = dynamic(async () => (await import("#components/audit/detail-panel.tsx")).DetailPanel);
const ExportSheet = dynamic(async () => (await import("#components/audit/export-sheet.tsx")).ExportSheet);
const ChainChip = dynamic(async () => (await import("#components/audit/chain-chip.tsx")).ChainChip);

/** Often enough to be called live. */
const LIVE_MS = 2_000;
const FIGURES_MS = 10_000;

/** The record: what happened, who did it, what decided, and the proof that it is genuine. */
export function AuditScreen() {
  const trpc = useTRPC();
  const can = useCan();
  const { question, ask } = useQuestion();
  const [openSeq, setOpenSeq] = useOpenSeq();
  const [live, setLive] = useLive();
  const [exporting, setExporting] = useState(false);
  const figures = {
    staleTime: FIGURES_MS,
    refetchInterval: live ? FIGURES_MS : (false as const),
    placeholderData: keepPreviousData,
  };
  const first = useQuery(
    trpc.audit.page.queryOptions(
      { ...question, limit: PAGE_ROWS },
      { staleTime: LIVE_MS, refetchInterval: live ? LIVE_MS : false, refetchOnWindowFocus: live },
    ),
  );
  const facets = useQuery(trpc.audit.facets.queryOptions(question, figures));
  const histogram = useQuery(trpc.audit.histogram.queryOptions(question, figures));
  const found = useCallback(
    (qualifier: Qualifier) =>
      facets.data?.facets.find((facet) => facet.qualifier === qualifier)?.values.map(({ value }) => value) ?? [],
    [facets.data],
  );
  const wide = useIsWide();
  const count = facets.data;
  return (
    <div className="flex min-w-0 flex-col gap-4">
      <PageHeader
        title="Audit log"
        description="What happened, who did it and what decided. Nobody can change it afterwards."
        actions={
          <>
            <ChainChip />
            {can("audit:export") && (
              <Button variant="outline" disabled={first.data === undefined} onClick={() => setExporting(true)}>
                <DownloadIcon aria-hidden />
                Export search
              </Button>
            )}
          </>
        }
      />
      <SearchBox key={question.q} q={question.q} found={found} onSearch={(q) => ask({ q })} />
      <div className="flex flex-wrap items-end justify-between gap-3">
        <Presets question={question} onAsk={ask} />
        <TimeRange key={`${question.from ?? ""} ${question.to ?? ""}`} question={question} onAsk={ask} />
      </div>
      {histogram.data === undefined ? (
        histogram.error === null && <Skeleton className="h-36" />
      ) : (
        <TimeChart histogram={histogram.data} onChoose={(from, to) => ask({ from, to })} />
      )}
      <div className="flex flex-wrap items-center justify-between gap-3">
        <p role="status">
          {count === undefined
            ? ""
            : `${count.atLeast ? "At least " : ""}${count.count.toLocaleString("en")} ${count.count === 1 ? "event" : "events"} found`}
        </p>
        <Switch label="Live" checked={live} onChange={(event) => void setLive(event.target.checked)} />
      </div>
      <div className="grid min-w-0 gap-4 lg:grid-cols-[14rem_minmax(0,1fr)]">
        <details open={wide} className="min-w-0 max-lg:rounded-lg max-lg:border max-lg:p-3" data-slot="facets">
          <summary className="mb-2 min-h-6 cursor-pointer font-medium">Filters</summary>
          {facets.error !== null && (
            <ErrorState
              title="The filters could not be read"
              error={facets.error}
              busy={facets.isFetching}
              onRetry={() => void facets.refetch()}
            />
          )}
          {facets.data !== undefined && (
            <FacetPanel
              q={question.q}
              facets={facets.data.facets}
              onToggle={(term) => ask({ q: toggleTerm(question.q, term) })}
            />
          )}
        </details>
        <div className="flex min-w-0 flex-col gap-3">
          {first.error !== null && (
            <ErrorState
              title="The record could not be searched"
              error={first.error}
              busy={first.isFetching}
              onRetry={() => void first.refetch()}
            />
          )}
          {first.data === undefined && first.error === null && <TableSkeleton label="Searching the record" rows={12} />}
          {first.data !== undefined && (
            <LiveRecord
              key={JSON.stringify(question)}
              question={question}
              first={first.data}
              total={count === undefined || count.atLeast ? undefined : count.count}
              live={live}
              openSeq={openSeq}
              onOpen={(seq) => void setOpenSeq(seq)}
              onClear={() => ask({ q: "", from: null, to: null })}
            />
          )}
        </div>
      </div>
      {openSeq !== null && (
        <DetailPanel
          seq={openSeq}
          question={question}
          onClose={() => void setOpenSeq(null)}
          onOpen={(seq) => void setOpenSeq(seq)}
          onSearch={(q) => {
            void setOpenSeq(null);
            ask({ q, from: null, to: null });
          }}
        />
      )}
      {exporting && <ExportSheet question={question} onClose={() => setExporting(false)} />}
    </div>
  );
}
