import { formatAge, formatUtc } from "#components/shared/format.ts";

/** "12 s ago" with the exact time on hover. `now` is the server's time of the same answer, so a wrong browser clock cannot mislead. */
export function RelativeTime({ value, now }: { value: Date; now: Date }) {
  return (
    <time dateTime={value.toISOString()} title={formatUtc(value)} className="tabular-nums">
      {formatAge(now.getTime() - value.getTime())} ago
    </time>
  );
}
