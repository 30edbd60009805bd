"use client";

import { ArrowDownIcon, ArrowUpIcon, ChevronsUpDownIcon } from "lucide-react";
import type { MouseEvent, ReactNode } from "react";
import { cn } from "#components/shared/cn.ts";
import { Table, TableBody, TableCell, TableHead, TableHeader, TableRow } from "#components/ui/table.tsx";

export interface DataColumn<Row> {
  key: string;
  header: string;
  cell: (row: Row) => ReactNode;
  /** Offer sorting by this column, under its key. */
  sortable?: boolean;
  align?: "right";
  /** From which width on it is shown: always (default), from 640 px, from 1024 px, from 1280 px. The panel of the row shows the rest. */
  from?: "sm" | "lg" | "xl";
  /** Takes its cell out of sight, for columns of buttons: the header is read out only. */
  hiddenHeader?: boolean;
  className?: string;
}

interface Sorting {
  by: string;
  order: "asc" | "desc";
}

interface DataTableProps<Row> {
  /** Names the table. */
  label: string;
  columns: readonly DataColumn<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  /** Opens a row: the first cell becomes a button, and a click anywhere in the row does the same. */
  onOpen?: (row: Row) => void;
  /** The row whose panel is open. */
  openKey?: string | null;
  sorting?: Sorting;
  onSort?: (next: Sorting) => void;
}

export const COLUMN_FROM = { sm: "max-sm:hidden", lg: "max-lg:hidden", xl: "max-xl:hidden" } as const;

/** A list as a real table: sortable headers, rows that open, fewer columns on small screens. The first column is the row's header. */
export function DataTable<Row>({
  label,
  columns,
  rows,
  rowKey,
  onOpen,
  openKey,
  sorting,
  onSort,
}: DataTableProps<Row>) {
  return (
    <div className="rounded-lg border bg-card">
      <Table label={label}>
        <TableHeader>
          <TableRow>
            {columns.map((column) => (
              <ColumnHeader key={column.key} column={column} sorting={sorting} onSort={onSort} />
            ))}
          </TableRow>
        </TableHeader>
        <TableBody>
          {rows.map((row) => {
            const key = rowKey(row);
            return (
              <TableRow
                key={key}
                data-open={key === openKey || undefined}
                className={cn(onOpen !== undefined && "cursor-pointer hover:bg-muted/60 data-open:bg-muted")}
                onClick={onOpen === undefined ? undefined : (event) => isPlainClick(event) && onOpen(row)}
              >
                {columns.map((column, index) => (
                  <DataCell key={column.key} column={column} row={row} isFirst={index === 0} onOpen={onOpen} />
                ))}
              </TableRow>
            );
          })}
        </TableBody>
      </Table>
    </div>
  );
}

interface ColumnHeaderProps<Row> {
  column: DataColumn<Row>;
  sorting: Sorting | undefined;
  onSort: ((next: Sorting) => void) | undefined;
}

function ColumnHeader<Row>({ column, sorting, onSort }: ColumnHeaderProps<Row>) {
  const order = sorting?.by === column.key ? sorting.order : null;
  const className = cn(
    column.align === "right" && "text-right",
    column.from !== undefined && COLUMN_FROM[column.from],
    column.className,
  );
  if (column.sortable !== true || onSort === undefined) {
    return (
      <TableHead className={className}>
        {column.hiddenHeader === true ? <span className="sr-only">{column.header}</span> : column.header}
      </TableHead>
    );
  }
  const Icon = order === null ? ChevronsUpDownIcon : order === "asc" ? ArrowUpIcon : ArrowDownIcon;
  return (
    <TableHead className={className} aria-sort={order === null ? "none" : order === "asc" ? "ascending" : "descending"}>
      <button
        type="button"
        onClick={() => onSort({ by: column.key, order: order === "asc" ? "desc" : "asc" })}
        className="inline-flex min-h-6 cursor-pointer items-center gap-1 rounded-sm hover:text-foreground"
      >
        {column.header}
        <Icon aria-hidden className="size-3" />
      </button>
    </TableHead>
  );
}

interface DataCellProps<Row> {
  column: DataColumn<Row>;
  row: Row;
  isFirst: boolean;
  onOpen: ((row: Row) => void) | undefined;
}

function DataCell<Row>({ column, row, isFirst, onOpen }: DataCellProps<Row>) {
  const className = cn(
    column.align === "right" && "text-right tabular-nums",
    column.from !== undefined && COLUMN_FROM[column.from],
    column.className,
  );
  const content = column.cell(row);
  if (!isFirst) {
    return <TableCell className={className}>{content}</TableCell>;
  }
  return (
    <th scope="row" data-slot="table-cell" className={cn("h-10 px-4 py-1.5 font-normal whitespace-nowrap", className)}>
      {onOpen === undefined ? (
        content
      ) : (
        <button
          type="button"
          onClick={() => onOpen(row)}
          className="inline-flex min-h-6 max-w-full cursor-pointer items-center rounded-sm text-left underline-offset-4 hover:underline"
        >
          {content}
        </button>
      )}
    </th>
  );
}

/** Not on a control inside the row, and not the end of selecting text. */
export function isPlainClick(event: MouseEvent): boolean {
  const onControl = event.target instanceof Element && event.target.closest("a,button,input,select,label") !== null;
  return !onControl && window.getSelection()?.isCollapsed !== false;
}
