import { GaugeIcon } from "lucide-react";
import { skipText, windowText } from "#components/limits/counter-parts.tsx";
import { DataTable } from "#components/ui/data-table.tsx";
import { EmptyState } from "#components/ui/empty-state.tsx";
import type { LimitStatus } from "#server/limits/schema.ts";

/** The limits of the configuration. A message needs a place in each that applies to it. */
export function RulesTab({ status: { rules } }: { status: LimitStatus }) {
  if (rules.length === 0) {
    return (
      <EmptyState icon={GaugeIcon} title="No limits are in force">
        Switch them on with <code className="font-mono text-xs">security.rateLimit.enabled</code> in the configuration.
      </EmptyState>
    );
  }
  return (
    <DataTable
      label="Configured limits"
      rows={rules}
      rowKey={({ source }) => source}
      columns={[
        {
          key: "source",
          header: "Rule",
          cell: ({ source }) => <span className="font-mono text-xs break-all whitespace-normal">{source}</span>,
        },
        { key: "max", header: "Requests", align: "right", cell: ({ max }) => max },
        { key: "window", header: "In any", cell: ({ windowMs }) => windowText(windowMs) },
        { key: "skips", header: "Counts", from: "sm", cell: (rule) => skipText(rule) },
      ]}
    />
  );
}
