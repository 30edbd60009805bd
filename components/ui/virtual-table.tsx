"use client";

import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import { cn } from "#components/shared/cn.ts";
import { COLUMN_FROM, isPlainClick, type DataColumn } from "#components/ui/data-table.tsx";
import { ROW_PX, scrollToRow, useRowWindow } from "#components/ui/use-row-window.ts";

interface VirtualTableProps<Row> {
  label: string;
  /** Give columns a width (`className: "w-40"`); one without takes the rest. */
  columns: readonly DataColumn<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  onOpen: (row: Row) => void;
  openKey?: string | null;
  /** All rows there are, loaded or not; leave out when nobody knows. */
  totalRows?: number | undefined;
  /** Called when the reader comes near the last loaded row. Guard against calling twice yourself. */
  onNearEnd?: () => void;
  /** Told which rows are in the page, both included, for those that load them as they come. */
  onRange?: (first: number, last: number) => void;
  /** Sets the height of the window onto the rows. */
  className?: string;
}

const NEAR_END_ROWS = 30;

/** How far each key moves from row `at`, with `page` rows in view. */
const MOVES: Readonly<Record<string, (at: number, page: number) => number>> = {
  ArrowDown: (at) => at + 1,
  ArrowUp: (at) => at - 1,
  PageDown: (at, page) => at + page,
  PageUp: (at, page) => at - page,
  Home: () => 0,
  End: () => Number.POSITIVE_INFINITY,
};

/**
 * A table of any length: only the rows in view are in the page, and `aria-rowcount`/`aria-rowindex` tell the rest. One row at a time can be
 * reached by Tab; arrow keys, Page Up/Down, Home and End move between rows; Enter opens.
 */
export function VirtualTable<Row>({
  label,
  columns,
  rows,
  rowKey,
  onOpen,
  openKey,
  totalRows,
  onNearEnd,
  onRange,
  className,
}: VirtualTableProps<Row>) {
  const scroller = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(0);
  const focusWanted = useRef(false);
  const { first, last, before, after } = useRowWindow(scroller, rows.length);
  const tabStop = Math.min(active, rows.length - 1);

  useEffect(() => {
    if (rows.length > 0 && last >= rows.length - NEAR_END_ROWS) {
      onNearEnd?.();
    }
  }, [last, rows.length, onNearEnd]);

  useEffect(() => onRange?.(first, last), [first, last, rows.length, onRange]);

  useEffect(() => {
    const button = scroller.current?.querySelector<HTMLElement>(`[data-row="${active}"] button`);
    if (focusWanted.current && button !== null && button !== undefined) {
      focusWanted.current = false;
      button.focus({ preventScroll: true });
    }
  });

  function move(event: KeyboardEvent): void {
    const target = MOVES[event.key];
    const onRow = event.target instanceof Element && event.target.closest("[data-row]") !== null;
    if (target === undefined || !onRow) {
      return;
    }
    event.preventDefault();
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? ROW_PX) / ROW_PX) - 2);
    const next = Math.min(rows.length - 1, Math.max(0, target(active, page)));
    focusWanted.current = true;
    setActive(next);
    if (scroller.current !== null) {
      scrollToRow(scroller.current, next);
    }
  }

  return (
    <div
      ref={scroller}
      data-slot="virtual-table"
      role="region"
      aria-label={label}
      tabIndex={0}
      onKeyDown={move}
      className={cn("relative h-[65dvh] min-h-64 overflow-auto rounded-lg border bg-card", className)}
    >
      <table aria-rowcount={(totalRows ?? rows.length) + 1} className="w-full table-fixed text-left">
        <thead className="sticky top-0 z-1 bg-card">
          <tr aria-rowindex={1} className="border-b">
            {columns.map((column) => (
              <th
                key={column.key}
                scope="col"
                className={cn(
                  "h-9 truncate px-3 text-xs font-medium text-muted-foreground",
                  column.align === "right" && "text-right",
                  column.from !== undefined && COLUMN_FROM[column.from],
                  column.className,
                )}
              >
                {column.header}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <Spacer height={before} />
          {rows.slice(first, last + 1).map((row, offset) => {
            const at = first + offset;
            return (
              <tr
                key={rowKey(row)}
                data-row={at}
                data-open={rowKey(row) === openKey || undefined}
                aria-rowindex={at + 2}
                className="h-10 cursor-pointer border-b hover:bg-muted/60 data-open:bg-muted"
                onClick={(event) => {
                  setActive(at);
                  if (isPlainClick(event)) {
                    onOpen(row);
                  }
                }}
              >
                {columns.map((column, index) => (
                  <VirtualCell
                    key={column.key}
                    column={column}
                    row={row}
                    isFirst={index === 0}
                    isTabStop={at === tabStop}
                    onOpen={onOpen}
                  />
                ))}
              </tr>
            );
          })}
          <Spacer height={after} />
        </tbody>
      </table>
    </div>
  );
}

/**
 * The height of the rows that are not in the page: as an attribute, because the page policy blocks style attributes. One cell only: spanning
 * columns that are hidden at this width would bring them back, empty, and take the room of the others.
 */
function Spacer({ height }: { height: number }) {
  return height === 0 ? null : (
    <tr aria-hidden>
      <td height={height} className="p-0" />
    </tr>
  );
}

interface VirtualCellProps<Row> {
  column: DataColumn<Row>;
  row: Row;
  isFirst: boolean;
  isTabStop: boolean;
  onOpen: (row: Row) => void;
}

function VirtualCell<Row>({ column, row, isFirst, isTabStop, onOpen }: VirtualCellProps<Row>) {
  const className = cn(
    "truncate px-3",
    column.align === "right" && "text-right tabular-nums",
    column.from !== undefined && COLUMN_FROM[column.from],
    column.className,
  );
  return isFirst ? (
    <th scope="row" className={cn(className, "font-normal")}>
      <button
        type="button"
        tabIndex={isTabStop ? 0 : -1}
        onClick={() => onOpen(row)}
        className="inline-flex min-h-6 max-w-full cursor-pointer items-center truncate rounded-sm text-left -outline-offset-2 hover:underline"
      >
        {column.cell(row)}
      </button>
    </th>
  ) : (
    <td className={className}>{column.cell(row)}</td>
  );
}
