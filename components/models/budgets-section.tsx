import { dollars } from "#components/models/words.ts";
import { formatAge } from "#components/shared/format.ts";
import { DataTable, type DataColumn } from "#components/ui/data-table.tsx";
import { Meter } from "#components/ui/meter.tsx";
import { Section } from "#components/ui/section.tsx";
import { Time } from "#components/ui/time.tsx";
import type { BudgetView } from "#server/models/schema.ts";

type Count = BudgetView["counts"][number];

/** What models may cost whom, and how much of it is gone. */
export function BudgetsSection({ budgets }: { budgets: readonly BudgetView[] }) {
  return (
    <Section
      title="Budgets"
      description="Set aside before a call and settled after it, so that calls side by side cannot overshoot. Written in models.budgets."
    >
      {budgets.length === 0 ? (
        <p className="rounded-lg border bg-card p-4 text-muted-foreground">
          There is no budget: whoever may call models may do so without end.
        </p>
      ) : (
        budgets.map((budget) => <Budget key={budget.source} budget={budget} />)
      )}
    </Section>
  );
}

function Budget({ budget }: { budget: BudgetView }) {
  const { scope, name, source, counts, periodMs } = budget;
  const title = name === "*" ? `Each ${scope}` : `${scope} ${name}`;
  const columns: readonly DataColumn<Count>[] = [
    { key: "subject", header: "Whose", cell: ({ label, subject }) => label ?? subject },
    {
      key: "used",
      header: "Used",
      cell: (count) => <Used budget={budget} count={count} whose={count.label ?? count.subject} />,
    },
    { key: "endsAt", header: "Begins anew", from: "sm", cell: ({ endsAt }) => <Time value={endsAt} /> },
  ];
  return (
    <div className="flex flex-col gap-2">
      <h3 className="font-medium">
        {title}: {limitsOf(budget)} in {formatAge(periodMs)}{" "}
        <code className="font-mono text-xs font-normal text-muted-foreground">{source}</code>
      </h3>
      {counts.length === 0 ? (
        <p className="rounded-lg border bg-card p-4 text-muted-foreground">Nobody has used any of it in this period.</p>
      ) : (
        <DataTable label={`Budget ${source}`} columns={columns} rows={counts} rowKey={({ subject }) => subject} />
      )}
    </div>
  );
}

const limitsOf = ({ maxTokens, maxCost }: BudgetView): string =>
  [
    ...(maxTokens === null ? [] : [`${maxTokens.toLocaleString("en")} tokens`]),
    ...(maxCost === null ? [] : [dollars(maxCost)]),
  ].join(" and ");

function Used({ budget, count, whose }: { budget: BudgetView; count: Count; whose: string }) {
  const { maxTokens, maxCost } = budget;
  const tokens = count.usedTokens + count.reservedTokens;
  const cost = count.usedCost + count.reservedCost;
  return (
    <span className="inline-flex flex-wrap gap-x-4">
      {maxTokens !== null && (
        <Meter
          label={`Tokens of ${whose}`}
          value={tokens}
          max={maxTokens}
          text={`${tokens.toLocaleString("en")} tokens`}
        />
      )}
      {maxCost !== null && <Meter label={`Cost of ${whose}`} value={cost} max={maxCost} text={dollars(cost)} />}
    </span>
  );
}
