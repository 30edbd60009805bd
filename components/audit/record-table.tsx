"use client";

import { useCallback, useMemo, useSyncExternalStore, type ReactNode } from "react";
import { OutcomeBadge } from "#components/audit/outcome-badge.tsx";
import type { RecordPages, Slot } from "#components/audit/record-pages.ts";
import { Absent } from "#components/ui/absent.tsx";
import { Button } from "#components/ui/button.tsx";
import type { DataColumn } from "#components/ui/data-table.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { Skeleton } from "#components/ui/skeleton.tsx";
import { VirtualTable } from "#components/ui/virtual-table.tsx";
import type { AuditRow } from "#server/audit/console/schema.ts";

interface RecordTableProps {
  pages: RecordPages;
  /** How many events the search finds, where that is known exactly. */
  total: number | undefined;
  openSeq: number | null;
  onOpen: (seq: number) => void;
}

/** All events of a search, however many: pages come as one scrolls, and go when one is far away. */
export function RecordTable({ pages, total, openSeq, onOpen }: RecordTableProps) {
  const state = useSyncExternalStore(pages.subscribe, pages.read, pages.read);
  const { slots, loading, complete, error } = state;
  const columns = useMemo(() => columnsOf(pages), [pages]);
  const near = useCallback(() => pages.loadOlder(), [pages]);
  const show = useCallback((first: number, last: number) => pages.show(first, last), [pages]);
  const openKey = openSeq === null ? null : (slots.find((slot) => pages.rowAt(slot)?.seq === openSeq)?.key ?? null);
  return (
    <div className="flex min-w-0 flex-col gap-2">
      {slots.length > 0 && (
        <VirtualTable
          label="Events of the record"
          columns={columns}
          rows={slots}
          rowKey={({ key }) => key}
          onOpen={(slot) => {
            const row = pages.rowAt(slot);
            if (row !== undefined) {
              onOpen(row.seq);
            }
          }}
          openKey={openKey}
          totalRows={complete ? slots.length : total}
          onNearEnd={near}
          onRange={show}
        />
      )}
      {error !== null && (
        <ErrorState title="Older events could not be read" error={error} busy={loading} onRetry={near} />
      )}
      <p className="flex flex-wrap items-center gap-3 text-xs text-muted-foreground" role="status">
        {complete
          ? `All ${slots.length.toLocaleString("en")} events are here.`
          : `${slots.length.toLocaleString("en")} events are here, scroll for older ones.`}
        {!complete && (
          <Button variant="outline" size="sm" disabled={loading} onClick={near}>
            {loading ? "Looking further back" : "Load older events"}
          </Button>
        )}
      </p>
    </div>
  );
}

function columnsOf(pages: RecordPages): DataColumn<Slot>[] {
  const column = (
    key: string,
    header: string,
    cell: (row: AuditRow) => ReactNode,
    more: Partial<DataColumn<Slot>> = {},
  ): DataColumn<Slot> => ({
    key,
    header,
    ...more,
    cell: (slot) => {
      const row = pages.rowAt(slot);
      return row === undefined ? <Skeleton className="h-4 w-full" /> : cell(row);
    },
  });
  return [
    column(
      "time",
      "Time (UTC)",
      ({ at }) => (
        <time dateTime={at} className="font-mono text-xs">
          <span className="max-sm:hidden">{at.slice(0, 10)} </span>
          {at.slice(11, 19)}
        </time>
      ),
      {
        className: "w-40 max-sm:w-24",
      },
    ),
    column("type", "Type", ({ title, event }) => <span title={event}>{title}</span>, {
      className: "hidden w-44 2xl:table-cell",
    }),
    column("sentence", "Description", ({ sentence }) => <span title={sentence}>{sentence}</span>),
    column("who", "Who", ({ who }) => <span className="font-mono text-xs">{who}</span>, {
      from: "lg",
      className: "w-32",
    }),
    column(
      "target",
      "Target",
      ({ target }) => (target === null ? <Absent /> : <span className="font-mono text-xs">{target}</span>),
      {
        className: "hidden w-40 2xl:table-cell",
      },
    ),
    column("outcome", "Outcome", ({ outcome, severity }) => <OutcomeBadge outcome={outcome} severity={severity} />, {
      from: "sm",
      className: "w-32",
    }),
  ];
}
