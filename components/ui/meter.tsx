import { cn } from "#components/shared/cn.ts";

interface MeterProps {
  /** What is measured; read out with the text. */
  label: string;
  value: number;
  max: number;
  /** The amount in words: "3 of 10 tokens". */
  text: string;
  /** From which share of `max` on it warns and alarms. */
  warnFrom?: number;
  alarmFrom?: number;
  className?: string;
}

/** How much of a limit is used. The text beside it says the same. */
export function Meter({ label, value, max, text, warnFrom = 0.8, alarmFrom = 1, className }: MeterProps) {
  const share = max <= 0 ? 1 : Math.min(1, Math.max(0, value / max));
  const tone = share >= alarmFrom ? "fill-destructive" : share >= warnFrom ? "fill-warning" : "fill-primary";
  return (
    <span data-slot="meter" className={cn("inline-flex items-center gap-2", className)}>
      <svg
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={max}
        aria-valuenow={Math.min(max, Math.max(0, value))}
        aria-valuetext={text}
        viewBox="0 0 100 6"
        preserveAspectRatio="none"
        className="h-1.5 w-20 shrink-0 rounded-full bg-muted forced-colors:border"
      >
        <rect width={share * 100} height="6" className={tone} />
      </svg>
      <span className="tabular-nums">{text}</span>
    </span>
  );
}
