"use client";

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { ShieldCheckIcon } from "lucide-react";
import dynamic from "next/dynamic";
import { QuarantineTable } from "#components/quarantine/quarantine-table.tsx";
import { PagedList } from "#components/shared/paged-list.tsx";
import { useChoiceFilter, useOpenRow } from "#components/shared/url-state.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { EmptyState } from "#components/ui/empty-state.tsx";
import { Field } from "#components/ui/field.tsx";
import { PageHeader } from "#components/ui/page-header.tsx";
import { Select } from "#components/ui/select.tsx";

const QuarantineSheet = dynamic(
  () => import("#components/quarantine/quarantine-sheet.tsx").then(({ QuarantineSheet: component }) => component),
  { ssr: false },
);

const REFRESH_MS = 5_000;
const VIEWS = ["stored", "restored", "deleted", "failed", "all"] as const;

/** Files that were taken out of circulation, and what becomes of them. */
export function QuarantineScreen() {
  const trpc = useTRPC();
  const filters = useChoiceFilter("state", VIEWS);
  const [open, setOpen] = useOpenRow();
  const { choice, cursor } = filters;
  const list = useQuery(
    trpc.quarantine.list.queryOptions(
      { ...(choice === null ? {} : { state: choice }), ...(cursor === undefined ? {} : { cursor }) },
      { refetchInterval: REFRESH_MS, placeholderData: keepPreviousData },
    ),
  );

  return (
    <>
      <PageHeader
        title="Quarantine"
        description="Suspicious files, kept encrypted. What they contain is never shown here; a file can be restored to a folder or deleted."
      />
      <Field label="Show" className="max-w-56">
        <Select value={choice ?? ""} onChange={(event) => filters.choose(event.target.value)}>
          <option value="">In quarantine</option>
          <option value="stored">Never restored</option>
          <option value="restored">Restored</option>
          <option value="deleted">Deleted</option>
          <option value="failed">Not taken in</option>
          <option value="all">All</option>
        </Select>
      </Field>
      <PagedList
        noun="files"
        list={list}
        rows={list.data?.files}
        next={list.data?.nextCursor}
        filters={filters}
        empty={
          <EmptyState icon={ShieldCheckIcon} title="Nothing is in quarantine">
            Files from runs and checks land here when something dangerous is found in them. To check one by hand, run{" "}
            <code className="break-all">openclaw files check PATH --quarantine</code>.
          </EmptyState>
        }
      >
        {(files) => <QuarantineTable files={files} openKey={open} onOpen={({ id }) => void setOpen(id)} />}
      </PagedList>
      {open !== null && <QuarantineSheet id={open} onClose={() => void setOpen(null)} />}
    </>
  );
}
