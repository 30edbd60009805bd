"use client";

import { GaugeIcon } from "lucide-react";
import dynamic from "next/dynamic";
import { parseAsBoolean, parseAsStringLiteral, useQueryStates } from "nuqs";
import { useState } from "react";
import { CounterState, scopeText, subjectText, UsedMeter, windowText } from "#components/limits/counter-parts.tsx";
import { useCan } from "#components/trpc/use-viewer.ts";
import { Button } from "#components/ui/button.tsx";
import { CheckboxField } from "#components/ui/checkbox.tsx";
import { DataTable, type DataColumn } from "#components/ui/data-table.tsx";
import { EmptyState, FilteredEmptyState } from "#components/ui/empty-state.tsx";
import { Select } from "#components/ui/select.tsx";
import type { LimitCounterView, LimitStatus } from "#server/limits/schema.ts";
import { LIMIT_SCOPES } from "#server/ratelimit/policy.ts";

const ResetDialog = dynamic(() => import("#components/limits/reset-dialog.tsx").then((module) => module.ResetDialog));

const SCOPES = ["any", ...LIMIT_SCOPES] as const;
const NEAR = 0.8;

const COLUMNS: readonly DataColumn<LimitCounterView>[] = [
  {
    key: "subject",
    header: "Who",
    cell: (counter) => (
      <span className="inline-block max-w-32 truncate align-middle font-mono text-xs sm:max-w-72">
        {subjectText(counter)}
      </span>
    ),
  },
  { key: "scope", header: "Limit of", from: "sm", cell: ({ scope }) => scopeText(scope) },
  { key: "used", header: "Used", cell: (counter) => <UsedMeter counter={counter} /> },
  { key: "window", header: "In any", from: "sm", cell: ({ windowMs }) => windowText(windowMs) },
  { key: "state", header: "State", from: "lg", cell: (counter) => <CounterState counter={counter} /> },
  {
    key: "source",
    header: "Rule",
    from: "xl",
    cell: ({ source }) => <span className="font-mono text-xs">{source}</span>,
  },
];

/** Who is nearest to their limits at this moment. */
export function CountersTab({ status: { counters, watched } }: { status: LimitStatus }) {
  const can = useCan();
  const [{ scope, near }, setFilters] = useQueryStates({
    scope: parseAsStringLiteral(SCOPES).withDefault("any"),
    near: parseAsBoolean.withDefault(false),
  });
  const [resetting, setResetting] = useState<LimitCounterView | null>(null);
  if (counters === null) {
    return <p className="text-muted-foreground">Nothing can be counted now.</p>;
  }
  if (counters.length === 0) {
    return (
      <EmptyState icon={GaugeIcon} title="Nothing is counted now">
        Every message and API call takes a place in each limit that applies to it, for the length of that limit’s
        window. Whoever has taken some is listed here.
      </EmptyState>
    );
  }
  const shown = counters.filter(
    (counter) => (scope === "any" || counter.scope === scope) && (!near || counter.used / counter.max >= NEAR),
  );
  const columns = can("limits:reset") ? [...COLUMNS, resetColumn(setResetting)] : COLUMNS;
  return (
    <div className="flex flex-col gap-3">
      <div role="search" aria-label="Counters" className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <Select
          aria-label="Limit of"
          className="w-40"
          value={scope}
          onChange={(event) => {
            const chosen = SCOPES.find((name) => name === event.target.value);
            void setFilters({ scope: chosen ?? "any" });
          }}
        >
          {SCOPES.map((name) => (
            <option key={name} value={name}>
              {name === "any" ? "Any limit" : scopeText(name)}
            </option>
          ))}
        </Select>
        <CheckboxField
          label="Only near or over the limit"
          checked={near}
          onChange={(event) => void setFilters({ near: event.target.checked })}
        />
      </div>
      {shown.length === 0 ? (
        <FilteredEmptyState noun="counters" onClear={() => void setFilters({ scope: "any", near: false })} />
      ) : (
        <DataTable
          label="Counters nearest to their limit"
          columns={columns}
          rows={shown}
          rowKey={({ source, key }) => `${source}|${key}`}
        />
      )}
      <p className="text-muted-foreground">
        The {counters.length} nearest to their limit, out of {watched.counts} counted last
        {watched.counts >= watched.capacity && " (older ones are not listed)"}.
      </p>
      {resetting !== null && <ResetDialog counter={resetting} onClose={() => setResetting(null)} />}
    </div>
  );
}

function resetColumn(onReset: (counter: LimitCounterView) => void): DataColumn<LimitCounterView> {
  return {
    key: "reset",
    header: "Reset",
    hiddenHeader: true,
    align: "right",
    cell: (counter) => (
      <Button
        variant="ghost"
        size="sm"
        aria-label={`Reset counter of ${subjectText(counter)} (${counter.source})`}
        onClick={() => onReset(counter)}
      >
        Reset
      </Button>
    ),
  };
}
