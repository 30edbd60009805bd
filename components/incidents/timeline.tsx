import Link from "next/link";
import { plainText } from "#components/shared/plain-text.ts";
import { Time } from "#components/ui/time.tsx";
import type { TimelineEntry } from "#server/incidents/schema.ts";

interface TimelineProps {
  entries: readonly TimelineEntry[];
  /** The record holds more for this time. */
  cut: boolean;
}

/** What happened, in order: events of the record, each with the way to it, and notes. */
export function Timeline({ entries, cut }: TimelineProps) {
  if (entries.length === 0) {
    return <p className="text-muted-foreground">Nothing is on record for this time yet.</p>;
  }
  return (
    <>
      {cut && (
        <p className="text-muted-foreground">The record holds more for this time: the newest events are shown.</p>
      )}
      <ol className="flex flex-col gap-2 border-l pl-4">
        {entries.map((entry, index) => (
          <li key={entry.seq ?? `note-${index}`} className="flex min-w-0 flex-col">
            <p className="flex flex-wrap items-baseline gap-x-2">
              <Time value={entry.at} exact />
              <span className="font-medium">{entry.what}</span>
              {entry.severity !== "info" && <span className="text-muted-foreground">{entry.severity}</span>}
              {entry.seq !== null && (
                <Link
                  href={`/audit?open=${entry.seq}`}
                  className="font-mono text-xs underline underline-offset-4"
                  aria-label={`Row ${entry.seq} of the audit log`}
                >
                  {entry.seq}
                </Link>
              )}
            </p>
            <p className={entry.isNote ? "break-words whitespace-pre-wrap" : "break-words text-muted-foreground"}>
              {entry.isNote ? `${entry.text} — ${entry.who}` : `${plainText(entry.who)}: ${plainText(entry.text)}`}
            </p>
          </li>
        ))}
      </ol>
    </>
  );
}
