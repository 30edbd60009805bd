"use client";

import { useQuery } from "@tanstack/react-query";
import { CpuIcon } from "lucide-react";
import { BudgetsSection } from "#components/models/budgets-section.tsx";
import { CallsSection } from "#components/models/calls-section.tsx";
import { dollars } from "#components/models/words.ts";
import { formatDuration } from "#components/shared/format.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Absent } from "#components/ui/absent.tsx";
import { DataTable, type DataColumn } from "#components/ui/data-table.tsx";
import { EmptyState } from "#components/ui/empty-state.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { PageHeader } from "#components/ui/page-header.tsx";
import { Section } from "#components/ui/section.tsx";
import { StatusBadge } from "#components/ui/status-badge.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";
import type { ModelOverview, ProviderView } from "#server/models/schema.ts";

const REFRESH_MS = 10_000;

type Used = ModelOverview["lastDay"][number];

const PROVIDER_COLUMNS: readonly DataColumn<ProviderView>[] = [
  { key: "name", header: "Provider", cell: ({ name }) => name },
  { key: "key", header: "Key", cell: ({ key }) => <KeyState state={key} /> },
  { key: "type", header: "Speaks", from: "sm", cell: ({ type }) => (type === "anthropic" ? "Anthropic" : "OpenAI") },
  {
    key: "baseUrl",
    header: "Address",
    from: "lg",
    cell: ({ baseUrl }) => <code className="font-mono text-xs">{baseUrl}</code>,
  },
];

const USED_COLUMNS: readonly DataColumn<Used>[] = [
  { key: "model", header: "Model", cell: ({ model }) => <span className="font-mono text-xs">{model}</span> },
  { key: "calls", header: "Calls", align: "right", cell: ({ calls }) => calls.toLocaleString("en") },
  {
    key: "failed",
    header: "Failed",
    align: "right",
    from: "sm",
    cell: ({ failed }) => (failed === 0 ? <Absent text="0" /> : failed.toLocaleString("en")),
  },
  {
    key: "tokens",
    header: "Tokens in / out",
    align: "right",
    from: "sm",
    cell: ({ inputTokens, outputTokens }) =>
      `${inputTokens.toLocaleString("en")} / ${outputTokens.toLocaleString("en")}`,
  },
  {
    key: "cost",
    header: "Cost",
    align: "right",
    cell: ({ cost, unpriced }) => (unpriced === 0 ? dollars(cost) : `${dollars(cost)} + ${unpriced} without price`),
  },
  {
    key: "median",
    header: "Median time",
    align: "right",
    from: "lg",
    cell: ({ medianMs }) => formatDuration(medianMs),
  },
];

/** Providers, what their models cost, and who has used how much. */
export function ModelsScreen() {
  const trpc = useTRPC();
  const overview = useQuery(trpc.models.overview.queryOptions(undefined, { refetchInterval: REFRESH_MS }));
  const { data } = overview;
  return (
    <div className="flex flex-col gap-8">
      <PageHeader
        title="Models"
        description="Models that agents and API tokens may call through this gateway. Keys of providers stay on the server."
      />
      {overview.error !== null && (
        <ErrorState
          title="The models could not be read"
          error={overview.error}
          busy={overview.isFetching}
          onRetry={() => void overview.refetch()}
        />
      )}
      {overview.isPending && <TableSkeleton label="Loading models" />}
      {data !== undefined && (
        <>
          <Section title="Providers" description="From security.apiKeys and models.providers of the configuration.">
            {data.providers.length === 0 ? (
              <div className="rounded-lg border bg-card">
                <EmptyState icon={CpuIcon} title="No provider is set up">
                  Give the gateway a key, for example with{" "}
                  <code className="font-mono text-xs">
                    openclaw config set security.apiKeys.anthropic &apos;$&#123;ANTHROPIC_API_KEY&#125;&apos;
                  </code>
                  , or describe a server of your own in models.providers.
                </EmptyState>
              </div>
            ) : (
              <DataTable
                label="Providers"
                columns={PROVIDER_COLUMNS}
                rows={data.providers}
                rowKey={({ name }) => name}
              />
            )}
          </Section>
          <Section title="Last 24 hours" description={`Prices as of ${data.pricesAsOf}, or as models.prices says.`}>
            {data.lastDay.length === 0 ? (
              <p className="rounded-lg border bg-card p-4 text-muted-foreground">No model was called.</p>
            ) : (
              <DataTable label="Models used" columns={USED_COLUMNS} rows={data.lastDay} rowKey={({ model }) => model} />
            )}
          </Section>
          <BudgetsSection budgets={data.budgets} />
        </>
      )}
      <CallsSection />
    </div>
  );
}

function KeyState({ state }: { state: ProviderView["key"] }) {
  switch (state) {
    case "present":
      return <StatusBadge status="ok">Set</StatusBadge>;
    case "missing":
      return <StatusBadge status="failed">Missing</StatusBadge>;
    case "none_needed":
      return <StatusBadge status="none">None needed</StatusBadge>;
  }
}
