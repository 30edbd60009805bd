"use client";

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useQueryState } from "nuqs";
import { dollars } from "#components/models/words.ts";
import { formatDuration } from "#components/shared/format.ts";
import { pagesParser } from "#components/shared/url-state.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { useCan } from "#components/trpc/use-viewer.ts";
import { Absent } from "#components/ui/absent.tsx";
import { DataTable, type DataColumn } from "#components/ui/data-table.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { Pager } from "#components/ui/pager.tsx";
import { Section } from "#components/ui/section.tsx";
import { StatusBadge } from "#components/ui/status-badge.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";
import { Time } from "#components/ui/time.tsx";
import type { CallPage } from "#server/models/schema.ts";

const REFRESH_MS = 5_000;

type Call = CallPage["calls"][number];

/** Single calls, newest first. */
export function CallsSection() {
  const trpc = useTRPC();
  const mayReadRecord = useCan()("audit:read");
  const [pages, setPages] = useQueryState("pages", pagesParser.withOptions({ history: "push" }));
  const cursor = pages.at(-1);
  const list = useQuery(
    trpc.models.calls.queryOptions(cursor === undefined ? {} : { cursor }, {
      refetchInterval: REFRESH_MS,
      placeholderData: keepPreviousData,
    }),
  );
  const next = list.data?.nextCursor ?? null;
  const columns: readonly DataColumn<Call>[] = [
    { key: "at", header: "When", cell: ({ at }) => <Time value={at} /> },
    {
      key: "model",
      header: "Model",
      cell: ({ model }) => (
        <span className="inline-block max-w-64 truncate align-bottom font-mono text-xs">{model}</span>
      ),
    },
    {
      key: "subject",
      header: "Whose",
      from: "sm",
      cell: ({ subject }) => <span className="font-mono text-xs">{subject}</span>,
    },
    {
      key: "ending",
      header: "Ending",
      cell: ({ ending }) =>
        ending === "answered" ? (
          <StatusBadge status="ok">answered</StatusBadge>
        ) : (
          <StatusBadge status="failed">{ending}</StatusBadge>
        ),
    },
    {
      key: "tokens",
      header: "Tokens in / out",
      align: "right",
      from: "lg",
      cell: ({ inputTokens, outputTokens, estimated }) =>
        `${estimated ? "about " : ""}${inputTokens.toLocaleString("en")} / ${outputTokens.toLocaleString("en")}`,
    },
    {
      key: "cost",
      header: "Cost",
      align: "right",
      from: "lg",
      cell: ({ cost }) => (cost === null ? <Absent text="no price" /> : dollars(cost)),
    },
    { key: "wallMs", header: "Time", align: "right", from: "sm", cell: ({ wallMs }) => formatDuration(wallMs) },
    ...(mayReadRecord
      ? [
          {
            key: "record",
            header: "Record",
            from: "xl",
            cell: ({ requestId }: Call) => (
              <Link
                href={`/audit?q=${encodeURIComponent(`request:${requestId}`)}`}
                className="font-mono text-xs underline-offset-4 hover:underline"
              >
                {requestId}
              </Link>
            ),
          } as const,
        ]
      : []),
  ];
  return (
    <Section title="Calls" description="Each call of a model, by agents in their sandboxes and by API tokens.">
      {list.error !== null && (
        <ErrorState
          title="The calls could not be read"
          error={list.error}
          busy={list.isFetching}
          onRetry={() => void list.refetch()}
        />
      )}
      {list.isPending && <TableSkeleton label="Loading calls" />}
      {list.data !== undefined &&
        (list.data.calls.length === 0 ? (
          <p className="rounded-lg border bg-card p-4 text-muted-foreground">
            No call yet. A token with models:call reaches every provider at this gateway&apos;s own /v1.
          </p>
        ) : (
          <>
            <DataTable label="Calls of models" columns={columns} rows={list.data.calls} rowKey={({ id }) => id} />
            <Pager
              label="Pages of calls"
              busy={list.isPlaceholderData}
              onNewer={pages.length === 0 ? null : () => void setPages(pages.length === 1 ? null : pages.slice(0, -1))}
              onOlder={next === null ? null : () => void setPages([...pages, next])}
            />
          </>
        ))}
    </Section>
  );
}
