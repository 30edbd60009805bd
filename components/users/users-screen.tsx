"use client";

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { InfoIcon, PlusIcon, UsersIcon } from "lucide-react";
import dynamic from "next/dynamic";
import { parseAsString, useQueryStates } from "nuqs";
import { ProvisionedNote } from "#components/policy/provisioned-note.tsx";
import { useTRPC } from "#components/trpc/provider.tsx";
import { useCan } from "#components/trpc/use-viewer.ts";
import { UserTable } from "#components/users/user-table.tsx";
import { Button } from "#components/ui/button.tsx";
import { EmptyState, FilteredEmptyState } from "#components/ui/empty-state.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { Field } from "#components/ui/field.tsx";
import { Input } from "#components/ui/input.tsx";
import { PageHeader } from "#components/ui/page-header.tsx";
import { Select } from "#components/ui/select.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";

const UserSheet = dynamic(async () => (await import("#components/users/user-sheet.tsx")).UserSheet);

const FILTERS = { q: parseAsString.withDefault(""), role: parseAsString.withDefault(""), after: parseAsString };
const PLACE = { open: parseAsString, new: parseAsString };

/** The people known to the gateway. Filters, page and the open record are in the address. */
export function UsersScreen() {
  const trpc = useTRPC();
  const can = useCan();
  const [{ q, role, after }, filter] = useQueryStates(FILTERS);
  const [place, go] = useQueryStates(PLACE, { history: "push" });
  const input = {
    ...(q === "" ? {} : { search: q }),
    ...(role === "" ? {} : { role }),
    ...(after === null ? {} : { after }),
  };
  const { data, error, isFetching, refetch } = useQuery(
    trpc.users.list.queryOptions(input, { placeholderData: keepPreviousData }),
  );
  const isWritable = data !== undefined && data.provisioned === null && can("users:write");
  const isFiltered = q !== "" || role !== "";
  const clear = () => void filter({ q: null, role: null, after: null });
  const create = (
    <Button size="sm" onClick={() => void go({ new: "", open: null })}>
      <PlusIcon aria-hidden />
      New user
    </Button>
  );

  return (
    <div className="flex flex-col gap-6">
      <PageHeader
        title="Users"
        description="People whose messages bots carry. A record gives a person a role of their own and can narrow it; who has none has the rights of the token that carries the message."
        actions={isWritable && create}
      />
      {data !== undefined && data.provisioned !== null && <ProvisionedNote noun="users" place={data.provisioned} />}
      <div role="search" aria-label="Filter users" className="flex flex-wrap gap-3">
        <Field label="Search" className="w-full max-w-xs">
          <Input
            type="search"
            value={q}
            maxLength={200}
            placeholder="Part of an id"
            onChange={(event) => void filter({ q: event.target.value, after: null })}
          />
        </Field>
        <Field label="Role" className="w-full max-w-48">
          <Select value={role} onChange={(event) => void filter({ role: event.target.value, after: null })}>
            <option value="">All roles</option>
            {data?.roles.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </Select>
        </Field>
      </div>
      {error !== null && (
        <ErrorState
          title="The users could not be read"
          error={error}
          busy={isFetching}
          onRetry={() => void refetch()}
        />
      )}
      {data === undefined && error === null && <TableSkeleton label="Loading users" />}
      {data !== undefined && data.users.length === 0 && (
        <div className="rounded-lg border bg-card">
          {isFiltered || after !== null ? (
            <FilteredEmptyState noun="users" onClear={clear} />
          ) : (
            <EmptyState icon={UsersIcon} title="No users yet" action={isWritable ? create : undefined}>
              A record is needed only for who shall have other rights than the token that carries their messages.
            </EmptyState>
          )}
        </div>
      )}
      {data !== undefined && data.users.length > 0 && (
        <>
          <UserTable
            users={data.users}
            inFile={data.provisioned !== null}
            openId={place.open}
            onOpen={(user) => void go({ open: user.id, new: null })}
          />
          <nav aria-label="Pages of users" className="flex flex-wrap items-center justify-between gap-2">
            <p role="status" className="text-muted-foreground tabular-nums">
              {data.found === data.total
                ? `${data.total} ${data.total === 1 ? "user" : "users"}`
                : `${data.found} of ${data.total} users match`}
            </p>
            <div className="flex gap-2">
              <Button
                variant="outline"
                size="sm"
                disabled={after === null}
                onClick={() => void filter({ after: null }, { history: "push" })}
              >
                First page
              </Button>
              <Button
                variant="outline"
                size="sm"
                disabled={data.next === null}
                onClick={() => void filter({ after: data.next }, { history: "push" })}
              >
                Next page
              </Button>
            </div>
          </nav>
        </>
      )}
      {data !== undefined && (place.open !== null || place.new !== null) && (
        <UserSheet
          key={place.open ?? ""}
          id={place.new === null ? place.open : null}
          roles={data.roles}
          inFile={data.provisioned !== null}
          canWrite={can("users:write")}
          onClose={() => void go({ open: null, new: null })}
        />
      )}
      <p className="flex items-start gap-2 text-muted-foreground">
        <InfoIcon aria-hidden className="mt-0.5 size-4 shrink-0" />
        <span>
          People are told apart by the immutable id their platform gives them, such as{" "}
          <code className="font-mono text-xs">slack:U024BE7LH</code>, never by a display name, which anybody can take.
        </span>
      </p>
    </div>
  );
}
