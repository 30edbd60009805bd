"use client";

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { errorText } from "#components/shared/error-text.ts";
import { formatUtc } from "#components/shared/format.ts";
import { plainText } from "#components/shared/plain-text.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { BarHistogram, type HistogramBar } from "#components/ui/bar-histogram.tsx";
import { Field } from "#components/ui/field.tsx";
import { Select } from "#components/ui/select.tsx";
import { Skeleton } from "#components/ui/skeleton.tsx";
import type { Preview } from "#server/alerts/console-schema.ts";
import type { RuleDraft } from "#server/alerts/schema.ts";

const HOUR_MS = 3_600_000;
const PERIODS = [
  { label: "the last day", ms: 24 * HOUR_MS },
  { label: "the last week", ms: 7 * 24 * HOUR_MS },
  { label: "the last two weeks", ms: 14 * 24 * HOUR_MS },
  { label: "the last hour", ms: HOUR_MS },
] as const;
/** After the last change of the form. */
const SETTLE_MS = 400;
const MOST_BARS = 120;
const MOST_SHOWN = 5;

/** When the rule of the form would have fired: over what is stored, by the rules that work live. */
export function PreviewChart({ draft }: { draft: RuleDraft }) {
  const trpc = useTRPC();
  const [periodMs, setPeriodMs] = useState<number>(PERIODS[0].ms);
  const settled = useSettled(draft);
  // A name is needed to save, not to look.
  const rule = { ...settled, name: settled.name.trim() === "" ? "preview" : settled.name };
  const { data, error, isFetching } = useQuery(
    trpc.alertRules.preview.queryOptions({ rule, periodMs }, { placeholderData: keepPreviousData, retry: false }),
  );
  return (
    <section aria-label="Preview" aria-busy={isFetching} className="flex flex-col gap-3 rounded-lg border p-4">
      <Field label="Preview over">
        <Select value={periodMs} onChange={(event) => setPeriodMs(Number(event.target.value))}>
          {PERIODS.map(({ label, ms }) => (
            <option key={ms} value={ms}>
              {label}
            </option>
          ))}
        </Select>
      </Field>
      {error !== null ? (
        <p role="status" className="text-destructive">
          {errorText(error)}
        </p>
      ) : data === undefined ? (
        <Skeleton className="h-32" />
      ) : (
        <Found preview={data} />
      )}
    </section>
  );
}

function useSettled(draft: RuleDraft): RuleDraft {
  const [settled, setSettled] = useState(draft);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(draft), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [draft]);
  return settled;
}

function Found({ preview }: { preview: Preview }) {
  const { episodes, more, note, unit, threshold } = preview;
  const count = episodes.length + more;
  return (
    <>
      <p role="status" className="font-medium">
        {count === 0 ? "It would not have fired." : `It would have fired ${count === 1 ? "once" : `${count} times`}.`}
      </p>
      {preview.points.length === 0 ? (
        <p className="text-muted-foreground">Nothing like this was measured or recorded in this time.</p>
      ) : (
        <BarHistogram
          label={`Highest ${unit}${threshold === null ? "" : `, bound ${threshold.toLocaleString("en")}`}`}
          series={[
            { name: "quiet", tone: "neutral" },
            { name: "firing", tone: "destructive" },
          ]}
          bars={barsOf(preview.points)}
        />
      )}
      {episodes.length > 0 && (
        <ul className="flex flex-col gap-1 text-muted-foreground">
          {episodes.slice(-MOST_SHOWN).map(({ subject, firedAt, resolvedAt }) => (
            <li key={`${subject} ${firedAt.getTime()}`}>
              {`${formatUtc(firedAt)} to ${resolvedAt === null ? "now" : formatUtc(resolvedAt)}`}
              {subject !== "" && <span className="font-mono text-xs">{` ${plainText(subject)}`}</span>}
            </li>
          ))}
        </ul>
      )}
      {note !== null && <p className="text-muted-foreground">{note}</p>}
    </>
  );
}

/** As many bars as the panel is wide. */
function barsOf(points: Preview["points"]): HistogramBar[] {
  const width = Math.max(1, Math.ceil(points.length / MOST_BARS));
  return Array.from({ length: Math.ceil(points.length / width) }, (_, index) => {
    const stretch = points.slice(index * width, (index + 1) * width);
    const top = Math.max(...stretch.map(({ value }) => value));
    const value = Number(top.toPrecision(4));
    const firing = stretch.some((point) => point.firing);
    const at = stretch[0]?.at ?? new Date(0);
    return { key: String(at.getTime()), label: formatUtc(at), values: firing ? [0, value] : [value, 0] };
  });
}
