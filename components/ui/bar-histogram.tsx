"use client";

import { useId } from "react";
import { cn } from "#components/shared/cn.ts";

export interface HistogramBar {
  key: string;
  /** When or what: "14:00–15:00 UTC". */
  label: string;
  /** From the bottom up, one for each entry of `series`. */
  values: readonly number[];
}

interface BarHistogramProps {
  /** Caption of the chart and of its table: "Events per hour". */
  label: string;
  series: readonly { name: string; tone: keyof typeof TONES }[];
  bars: readonly HistogramBar[];
  /** Makes every bar a button: choose that stretch. */
  onChoose?: (bar: HistogramBar, index: number) => void;
  /** A value in words; default: the number. */
  format?: (value: number) => string;
  className?: string;
}

const TONES = {
  primary: { fill: "fill-primary", key: "bg-primary" },
  success: { fill: "fill-success", key: "bg-success" },
  warning: { fill: "fill-warning", key: "bg-warning" },
  destructive: { fill: "fill-destructive", key: "bg-destructive" },
  neutral: { fill: "fill-muted-foreground", key: "bg-muted-foreground" },
} as const;
const HEIGHT = 100;

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Stacked bars over time or categories, with the same numbers as a table for those who do not see the chart. */
export function BarHistogram({ label, series, bars, onChoose, format = String, className }: BarHistogramProps) {
  const captionId = useId();
  const most = Math.max(0, ...bars.map((bar) => sum(bar.values)));
  const top = most === 0 ? 1 : most;
  const words = ({ label: when, values }: HistogramBar) =>
    `${when}: ${series.map(({ name }, index) => `${format(values[index] ?? 0)} ${name}`).join(", ")}`;
  return (
    <figure data-slot="bar-histogram" aria-labelledby={captionId} className={cn("flex flex-col gap-2", className)}>
      <figcaption id={captionId} className="flex flex-wrap items-center gap-x-4 gap-y-1 text-xs text-muted-foreground">
        <span>{label}</span>
        {series.length > 1 &&
          series.map(({ name, tone }) => (
            <span key={name} className="inline-flex items-center gap-1.5">
              <span aria-hidden className={cn("size-2 rounded-xs forced-color-adjust-none", TONES[tone].key)} />
              {name}
            </span>
          ))}
        <span className="ml-auto tabular-nums">
          at most {format === String ? top.toLocaleString("en") : format(most)}
        </span>
      </figcaption>
      <div className="flex h-24 items-stretch border-b" role={onChoose === undefined ? "presentation" : "group"}>
        {bars.map((bar, index) =>
          onChoose === undefined ? (
            <span key={bar.key} title={words(bar)} className="min-w-0 flex-1 px-px">
              <BarColumn bar={bar} series={series} top={top} />
            </span>
          ) : (
            <button
              key={bar.key}
              type="button"
              title={words(bar)}
              aria-label={words(bar)}
              onClick={() => onChoose(bar, index)}
              className="min-w-0 flex-1 cursor-pointer px-px -outline-offset-2 hover:bg-muted"
            >
              <BarColumn bar={bar} series={series} top={top} />
            </button>
          ),
        )}
      </div>
      <div className="flex justify-between text-xs text-muted-foreground tabular-nums" aria-hidden>
        <span>{bars[0]?.label}</span>
        <span>{bars.at(-1)?.label}</span>
      </div>
      <table className="sr-only">
        <caption>{label}</caption>
        <thead>
          <tr>
            <th scope="col">Part</th>
            {series.map(({ name }) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {bars.map((bar) => (
            <tr key={bar.key}>
              <th scope="row">{bar.label}</th>
              {series.map(({ name }, index) => (
                <td key={name}>{format(bar.values[index] ?? 0)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}

function BarColumn({ bar, series, top }: { bar: HistogramBar; series: BarHistogramProps["series"]; top: number }) {
  const heights = series.map((_, index) => ((bar.values[index] ?? 0) / top) * HEIGHT);
  return (
    <svg aria-hidden viewBox={`0 0 10 ${HEIGHT}`} preserveAspectRatio="none" className="size-full">
      {series.map(({ name, tone }, index) => {
        const height = heights[index] ?? 0;
        const y = HEIGHT - sum(heights.slice(0, index + 1));
        return <rect key={name} x="0" y={y} width="10" height={height} className={TONES[tone].fill} />;
      })}
    </svg>
  );
}
