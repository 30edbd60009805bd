import { cn } from "#components/shared/cn.ts";

interface ProgressProps {
  label: string;
  /** 0–100; null while nobody knows how long it takes. */
  percent: number | null;
  className?: string;
}

export function Progress({ label, percent, className }: ProgressProps) {
  return (
    <svg
      data-slot="progress"
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent ?? undefined}
      viewBox="0 0 100 6"
      preserveAspectRatio="none"
      className={cn("h-1.5 w-full rounded-full bg-muted forced-colors:border", className)}
    >
      <rect
        width={percent === null ? 40 : Math.min(100, Math.max(0, percent))}
        height="6"
        className={cn("fill-primary", percent === null && "animate-pulse")}
      />
    </svg>
  );
}
