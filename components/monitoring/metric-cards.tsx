"use client";

import { amount, amountWithUnit } from "#components/monitoring/words.ts";
import { cn } from "#components/shared/cn.ts";
import { Section } from "#components/ui/section.tsx";
import { Sparkline } from "#components/ui/sparkline.tsx";
import type { MetricsOverview } from "#server/metrics/console-schema.ts";
import { METRICS, valueOf, type MetricName } from "#server/metrics/schema.ts";

type Shown = MetricsOverview["metrics"][number];

interface MetricCardsProps {
  overview: MetricsOverview;
  chosen: MetricName;
  onChoose: (metric: MetricName) => void;
}

const GROUPS: readonly { title: string; holds: (metric: MetricName) => boolean }[] = [
  { title: "Security", holds: (metric) => METRICS[metric].security },
  { title: "Work", holds: (metric) => !METRICS[metric].security && METRICS[metric].kinds.length > 0 },
  { title: "Server", holds: (metric) => METRICS[metric].kinds.length === 0 },
];

/** Every metric at a glance. */
export function MetricCards({ overview, chosen, onChoose }: MetricCardsProps) {
  return GROUPS.map(({ title, holds }) => (
    <Section key={title} title={title}>
      <ul className="grid grid-cols-1 gap-3 sm:grid-cols-2 lg:grid-cols-3 xl:grid-cols-4">
        {overview.metrics
          .filter(({ metric }) => holds(metric))
          .map((shown) => (
            <li key={shown.metric}>
              <MetricCard shown={shown} isChosen={shown.metric === chosen} onChoose={onChoose} />
            </li>
          ))}
      </ul>
    </Section>
  ));
}

function MetricCard({
  shown: { metric, total, bars },
  isChosen,
  onChoose,
}: {
  shown: Shown;
  isChosen: boolean;
  onChoose: (metric: MetricName) => void;
}) {
  const { label, value } = METRICS[metric];
  const all = valueOf(metric, total);
  const words = `${amountWithUnit(metric, all)} ${value === "max" ? "at most" : "in all"}`;
  return (
    <button
      type="button"
      aria-pressed={isChosen}
      onClick={() => onChoose(metric)}
      className={cn(
        "flex size-full cursor-pointer flex-col gap-1 rounded-lg border bg-card p-3 text-left hover:bg-muted",
        isChosen && "border-primary",
      )}
    >
      <span className="flex w-full items-baseline justify-between gap-2">
        <span className="truncate text-muted-foreground">{label}</span>
        <span className="font-semibold whitespace-nowrap tabular-nums">{amount(metric, all)}</span>
      </span>
      <Sparkline values={bars} label={words} />
    </button>
  );
}
