"use client";

import { useQuery } from "@tanstack/react-query";
import { parseAsString, useQueryState } from "nuqs";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Absent } from "#components/ui/absent.tsx";
import { Button } from "#components/ui/button.tsx";
import { DataTable } from "#components/ui/data-table.tsx";
import { FilteredEmptyState } from "#components/ui/empty-state.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { Field } from "#components/ui/field.tsx";
import { Input } from "#components/ui/input.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";

/** More rows would make typing slow; a search narrows them. */
const MAX_ROWS = 200;

/** Every setting with its value, where that comes from, and what it means. */
export function SettingsPanel({ onShow }: { onShow: (path: string) => void }) {
  const trpc = useTRPC();
  const [search, setSearch] = useQueryState("q", parseAsString.withDefault(""));
  const { data, error, isFetching, refetch } = useQuery(
    trpc.configuration.settings.queryOptions(undefined, { refetchInterval: 5_000 }),
  );
  if (error !== null) {
    return (
      <ErrorState
        title="The settings could not be read"
        error={error}
        busy={isFetching}
        onRetry={() => void refetch()}
      />
    );
  }
  if (data === undefined) {
    return <TableSkeleton label="Loading settings" />;
  }
  const words = search.toLowerCase().split(/\s+/);
  const found = data.settings.filter(({ path, description, value }) => {
    const text = `${path} ${description} ${value ?? ""}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  return (
    <div className="flex min-w-0 flex-col gap-4">
      <Field label="Search settings" hint="By name, value or meaning, such as: token lifetime.">
        <Input type="search" value={search} onChange={(event) => void setSearch(event.target.value || null)} />
      </Field>
      <p role="status" className="text-muted-foreground">
        {found.length > MAX_ROWS ? `The first ${MAX_ROWS} of ${found.length} settings` : `${found.length} settings`}
      </p>
      {found.length === 0 ? (
        <FilteredEmptyState noun="settings" onClear={() => void setSearch(null)} />
      ) : (
        <DataTable
          label="Settings in force"
          rows={found.slice(0, MAX_ROWS)}
          rowKey={({ path }) => path}
          columns={[
            {
              key: "path",
              header: "Setting",
              cell: ({ path, description, restart }) => (
                <div className="min-w-0">
                  <p className="font-mono text-xs break-all whitespace-normal">{path}</p>
                  <p className="max-w-prose font-normal whitespace-normal text-muted-foreground">
                    {description}
                    {restart && " Taken up by the next start."}
                  </p>
                </div>
              ),
            },
            {
              key: "value",
              header: "Value",
              cell: ({ value }) =>
                value === null ? (
                  <Absent />
                ) : (
                  <span className="font-mono text-xs break-all whitespace-normal">{value}</span>
                ),
            },
            {
              key: "from",
              header: "From",
              from: "sm",
              cell: ({ path, line }) =>
                line === null ? (
                  <span className="text-muted-foreground">Default</span>
                ) : (
                  <Button variant="link" aria-label={`Show ${path} in the file`} onClick={() => onShow(path)}>
                    File, line {line}
                  </Button>
                ),
            },
          ]}
        />
      )}
    </div>
  );
}
