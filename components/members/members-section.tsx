"use client";

import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { UsersIcon } from "lucide-react";
import { parseAsString, parseAsStringLiteral, useQueryStates } from "nuqs";
import { useDeferredValue } from "react";
import { MEMBER_COLUMNS } from "#components/members/member-columns.tsx";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Button } from "#components/ui/button.tsx";
import { DataTable } from "#components/ui/data-table.tsx";
import { EmptyState, FilteredEmptyState } from "#components/ui/empty-state.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { Field } from "#components/ui/field.tsx";
import { Input } from "#components/ui/input.tsx";
import { Select } from "#components/ui/select.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";
import type { MemberQuery } from "#server/members/schema.ts";

const STATES = ["active", "disabled"] as const satisfies readonly NonNullable<MemberQuery["state"]>[];
const SEARCH_MAX = 100;
const REFRESH_MS = 10_000;

interface MembersSectionProps {
  openId: string | null;
  onOpen: (id: string) => void;
}

/** Members with search and filter, both in the address. */
export function MembersSection({ openId, onOpen }: MembersSectionProps) {
  const trpc = useTRPC();
  const [filters, setFilters] = useQueryStates({
    q: parseAsString.withDefault(""),
    state: parseAsStringLiteral(STATES),
  });
  const q = useDeferredValue(filters.q.trim().slice(0, SEARCH_MAX));
  const input: MemberQuery = {
    ...(q === "" ? {} : { q }),
    ...(filters.state === null ? {} : { state: filters.state }),
  };
  const isFiltered = Object.keys(input).length > 0;
  const list = useInfiniteQuery(
    trpc.members.list.infiniteQueryOptions(input, {
      getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
      placeholderData: keepPreviousData,
      refetchInterval: REFRESH_MS,
    }),
  );
  const members = list.data?.pages.flatMap((page) => page.members);

  return (
    <div className="flex flex-col gap-3">
      <search className="flex flex-wrap items-end gap-3">
        <Field label="Search" className="w-full sm:w-72">
          <Input
            type="search"
            data-page-filter
            placeholder="Name or e-mail"
            autoComplete="off"
            maxLength={SEARCH_MAX}
            value={filters.q}
            onChange={(event) => void setFilters({ q: event.target.value === "" ? null : event.target.value })}
          />
        </Field>
        <Field label="State" className="w-40">
          <Select
            value={filters.state ?? ""}
            onChange={(event) =>
              void setFilters({ state: STATES.find((state) => state === event.target.value) ?? null })
            }
          >
            <option value="">All</option>
            <option value="active">Active</option>
            <option value="disabled">Disabled</option>
          </Select>
        </Field>
      </search>
      {members !== undefined && members.length > 0 && (
        <DataTable
          label="Members"
          columns={MEMBER_COLUMNS}
          rows={members}
          rowKey={({ id }) => id}
          openKey={openId}
          onOpen={({ id }) => onOpen(id)}
        />
      )}
      {members?.length === 0 &&
        (isFiltered ? (
          <FilteredEmptyState noun="members" onClear={() => void setFilters({ q: null, state: null })} />
        ) : (
          <EmptyState icon={UsersIcon} title="No members yet">
            Whoever opens the set-up link becomes the first one. Further members are invited.
          </EmptyState>
        ))}
      {list.isPending && <TableSkeleton label="Loading members" />}
      {list.error !== null && (
        <ErrorState
          title="The members could not be read"
          error={list.error}
          busy={list.isFetching}
          onRetry={() => void list.refetch()}
        />
      )}
      {list.hasNextPage && (
        <Button
          variant="outline"
          size="sm"
          className="self-start"
          disabled={list.isFetching}
          onClick={() => void list.fetchNextPage()}
        >
          Show more members
        </Button>
      )}
    </div>
  );
}
