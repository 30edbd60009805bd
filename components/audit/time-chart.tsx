"use client";

import { useRef, type PointerEvent } from "react";
import { useIsWide } from "#components/audit/use-is-wide.ts";
import { formatUtc } from "#components/shared/format.ts";
import { BarHistogram } from "#components/ui/bar-histogram.tsx";
import type { Histogram } from "#server/audit/console/schema.ts";

interface TimeChartProps {
  histogram: Histogram;
  onChoose: (from: string, to: string) => void;
}

const SERIES = [
  { name: "ok", tone: "neutral" },
  { name: "denied", tone: "warning" },
  { name: "failed", tone: "destructive" },
] as const;
const HOUR_MS = 3_600_000;
/** Bars that leave each of them wide enough to be hit, with and without a second column on the screen. */
const MOST_WIDE = 30;
const MOST_NARROW = 10;

/** The same events in at most `most` bars. */
function merged({ buckets, bucketMs }: Histogram, most: number): Pick<Histogram, "buckets" | "bucketMs"> {
  const size = Math.max(1, Math.ceil(buckets.length / most));
  const bars = buckets.filter((_, index) => index % size === 0).map((bucket) => ({ ...bucket }));
  for (const [index, { ok, denied, failed }] of buckets.entries()) {
    const bar = bars[Math.floor(index / size)];
    if (bar !== undefined && index % size > 0) {
      bar.ok += ok;
      bar.denied += denied;
      bar.failed += failed;
    }
  }
  return { buckets: bars, bucketMs: bucketMs * size };
}

/** When it happened. A bar narrows the search to its time; dragging over several narrows to all of them. */
export function TimeChart({ histogram, onChoose }: TimeChartProps) {
  const { countedFromMs } = histogram;
  const { buckets, bucketMs } = merged(histogram, useIsWide() ? MOST_WIDE : MOST_NARROW);
  const dragFrom = useRef<number | null>(null);
  const label = (startMs: number): string => {
    const text = formatUtc(new Date(startMs));
    return bucketMs >= 24 * HOUR_MS ? text.slice(0, 10) : text.slice(0, 16);
  };
  const choose = (from: number, to: number): void => {
    const [first, last] = [buckets[Math.min(from, to)], buckets[Math.max(from, to)]];
    if (first !== undefined && last !== undefined) {
      onChoose(new Date(first.startMs).toISOString(), new Date(last.startMs + bucketMs).toISOString());
    }
  };
  const onPointerUp = (event: PointerEvent<HTMLDivElement>): void => {
    const [from, to] = [dragFrom.current, barAt(event)];
    dragFrom.current = null;
    if (from !== null && to !== null && from !== to) {
      choose(from, to);
    }
  };
  if (buckets.length === 0) {
    return null;
  }
  return (
    <div onPointerDown={(event) => (dragFrom.current = barAt(event))} onPointerUp={onPointerUp} className="touch-pan-y">
      <BarHistogram
        label={`Events per ${widthText(bucketMs)}${countedFromMs === null ? "" : `, only those since ${label(countedFromMs)} are counted`}`}
        series={SERIES}
        bars={buckets.map(({ startMs, ok, denied, failed }) => ({
          key: String(startMs),
          label: label(startMs),
          values: [ok, denied, failed],
        }))}
        onChoose={(_bar, index) => choose(index, index)}
      />
    </div>
  );
}

/** Which bar the pointer is over; null beside them. */
function barAt({ target }: PointerEvent): number | null {
  const bar = target instanceof Element ? target.closest("button") : null;
  const index =
    bar?.parentElement === null || bar === null ? -1 : [...(bar.parentElement?.children ?? [])].indexOf(bar);
  return index < 0 ? null : index;
}

function widthText(ms: number): string {
  const [size, unit] =
    ms < HOUR_MS ? [ms / 60_000, "minute"] : ms < 24 * HOUR_MS ? [ms / HOUR_MS, "hour"] : [ms / (24 * HOUR_MS), "day"];
  return size === 1 ? unit : `${size} ${unit}s`;
}
