import { cn } from "#components/shared/cn.ts";

interface SparklineProps {
  /** Oldest first. */
  values: readonly number[];
  /** What the line says in words: "Denials per hour, last 24 h: 12 in all, 5 at most". */
  label: string;
  tone?: keyof typeof TONES;
  className?: string;
}

const TONES = { primary: "stroke-primary", warning: "stroke-warning", destructive: "stroke-destructive" } as const;
const WIDTH = 100;
const HEIGHT = 24;
const PAD = 2;

/** A line small enough for a table cell. Nothing in it that the label does not say. */
export function Sparkline({ values, label, tone = "primary", className }: SparklineProps) {
  const most = Math.max(0, ...values);
  const top = most === 0 ? 1 : most;
  const step = WIDTH / Math.max(1, values.length - 1);
  const y = (value: number) => HEIGHT - PAD - (value / top) * (HEIGHT - 2 * PAD);
  const points = values.map((value, index) => `${(index * step).toFixed(1)},${y(value).toFixed(1)}`);
  return (
    <svg
      data-slot="sparkline"
      role="img"
      aria-label={label}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      className={cn("h-6 w-full min-w-16", className)}
    >
      <polyline
        points={points.join(" ")}
        fill="none"
        strokeWidth="1.5"
        vectorEffect="non-scaling-stroke"
        className={TONES[tone]}
      />
    </svg>
  );
}
