"use client";

import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { CallError } from "#components/trpc/query-client.ts";
import { FilteredEmptyState } from "#components/ui/empty-state.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { Pager } from "#components/ui/pager.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";

/** What a list is narrowed to, and how far it was paged through. */
interface ListFilters {
  isFiltered: boolean;
  clear: () => void;
  /** Cursors of the pages gone through; the last one is shown. */
  pages: readonly string[];
  setPages: (pages: readonly string[]) => void;
}

interface PagedListProps<Row> {
  /** What is listed: "The runs could not be read". */
  noun: string;
  list: Pick<UseQueryResult<unknown, CallError>, "error" | "isFetching" | "isPlaceholderData" | "refetch">;
  /** Undefined until they were read once. */
  rows: readonly Row[] | undefined;
  /** Cursor of the next page. */
  next: string | null | undefined;
  filters: ListFilters;
  /** Shown where there is nothing at all. */
  empty: ReactNode;
  /** The table of the rows. */
  children: (rows: readonly Row[]) => ReactNode;
}

/** A list that is read page by page, newest first: the table, or why there is none. */
export function PagedList<Row>({ noun, list, rows, next, filters, empty, children }: PagedListProps<Row>) {
  const { isFiltered, clear, pages, setPages } = filters;
  return (
    <>
      {list.error !== null && (
        <ErrorState
          title={`The ${noun} could not be read`}
          error={list.error}
          busy={list.isFetching}
          onRetry={() => void list.refetch()}
        />
      )}
      {rows === undefined ? (
        list.error === null && <TableSkeleton label={`Loading ${noun}`} />
      ) : rows.length === 0 ? (
        <div className="rounded-lg border bg-card">
          {isFiltered || pages.length > 0 ? <FilteredEmptyState noun={noun} onClear={clear} /> : empty}
        </div>
      ) : (
        <>
          {children(rows)}
          <Pager
            label={`Pages of ${noun}`}
            busy={list.isPlaceholderData}
            onNewer={pages.length === 0 ? null : () => setPages(pages.slice(0, -1))}
            onOlder={typeof next === "string" ? () => setPages([...pages, next]) : null}
          >
            {`${rows.length} ${noun} on page ${pages.length + 1}`}
          </Pager>
        </>
      )}
    </>
  );
}
