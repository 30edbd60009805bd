"use client";

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { ShieldCheckIcon } from "lucide-react";
import { parseAsArrayOf, parseAsString, parseAsStringLiteral, useQueryStates } from "nuqs";
import dynamic from "next/dynamic";
import { QuarantineTable } from "#components/quarantine/quarantine-table.tsx";
import { useOpenRow } from "#components/shared/url-state.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { EmptyState, FilteredEmptyState } from "#components/ui/empty-state.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { Field } from "#components/ui/field.tsx";
import { PageHeader } from "#components/ui/page-header.tsx";
import { Pager } from "#components/ui/pager.tsx";
import { Select } from "#components/ui/select.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";

const QuarantineSheet = dynamic(
  () => import("#components/quarantine/quarantine-sheet.tsx").then(({ QuarantineSheet: component }) => component),
  { ssr: false },
);

const REFRESH_MS = 5_000;
const VIEWS = ["stored", "restored", "deleted", "failed", "all"] as const;
const PARSERS = {
  state: parseAsStringLiteral(VIEWS),
  pages: parseAsArrayOf(parseAsString).withDefault([]),
};

/** Files that were taken out of circulation, and what becomes of them. */
export function QuarantineScreen() {
  const trpc = useTRPC();
  const [{ state, pages }, setValues] = useQueryStates(PARSERS, { history: "push" });
  const [open, setOpen] = useOpenRow();
  const cursor = pages.at(-1);
  const list = useQuery(
    trpc.quarantine.list.queryOptions(
      { ...(state === null ? {} : { state }), ...(cursor === undefined ? {} : { cursor }) },
      { refetchInterval: REFRESH_MS, placeholderData: keepPreviousData },
    ),
  );
  const { data } = list;
  const setPages = (next: readonly string[]) => void setValues({ pages: next.length === 0 ? null : [...next] });
  const nextCursor = data?.nextCursor ?? null;

  return (
    <>
      <PageHeader
        title="Quarantine"
        description="Suspicious files, kept encrypted. What they contain is never shown here; a file can be restored to a folder or deleted."
      />
      <Field label="Show" className="max-w-56">
        <Select
          value={state ?? ""}
          onChange={(event) =>
            void setValues({ state: VIEWS.find((view) => view === event.target.value) ?? null, pages: null })
          }
        >
          <option value="">In quarantine</option>
          <option value="stored">Never restored</option>
          <option value="restored">Restored</option>
          <option value="deleted">Deleted</option>
          <option value="failed">Not taken in</option>
          <option value="all">All</option>
        </Select>
      </Field>
      {list.error !== null && (
        <ErrorState
          title="The quarantine could not be read"
          error={list.error}
          busy={list.isFetching}
          onRetry={() => void list.refetch()}
        />
      )}
      {data === undefined ? (
        list.error === null && <TableSkeleton label="Loading files in quarantine" />
      ) : data.files.length === 0 ? (
        <div className="rounded-lg border bg-card">
          {state === null ? (
            <EmptyState icon={ShieldCheckIcon} title="Nothing is in quarantine">
              Files from runs and checks land here when something dangerous is found in them. To check one by hand, run{" "}
              <code className="break-all">openclaw files check PATH --quarantine</code>.
            </EmptyState>
          ) : (
            <FilteredEmptyState noun="files" onClear={() => void setValues(null)} />
          )}
        </div>
      ) : (
        <>
          <QuarantineTable files={data.files} openKey={open} onOpen={({ id }) => void setOpen(id)} />
          <Pager
            label="Pages of the quarantine"
            busy={list.isPlaceholderData}
            onNewer={pages.length === 0 ? null : () => setPages(pages.slice(0, -1))}
            onOlder={nextCursor === null ? null : () => setPages([...pages, nextCursor])}
          >
            {`${data.files.length} files on page ${pages.length + 1}`}
          </Pager>
        </>
      )}
      {open !== null && <QuarantineSheet id={open} onClose={() => void setOpen(null)} />}
    </>
  );
}
