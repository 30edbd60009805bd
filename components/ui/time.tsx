"use client";

import { useSyncExternalStore } from "react";
import { formatRelative, formatUtc } from "#components/shared/format.ts";

const TICK_MS = 10_000;

const clock = {
  subscribe: (listener: () => void): (() => void) => {
    const timer = setInterval(listener, TICK_MS);
    return () => clearInterval(timer);
  },
  // The same value within a tick, so that React does not render for ever.
  read: () => Math.floor(Date.now() / TICK_MS) * TICK_MS + TICK_MS,
};

interface TimeProps {
  value: Date;
  /** The absolute time as text, the distance on hover. */
  exact?: boolean;
}

/** A moment: "5 min ago" or "in 3 d", the exact time in UTC on hover. Moves on by itself. Server and browser may differ by a tick, so it is filled in once the page runs. */
export function Time({ value, exact = false }: TimeProps) {
  const now = useSyncExternalStore(clock.subscribe, clock.read, () => null);
  const utc = formatUtc(value);
  const relative = now === null ? utc : formatRelative(value.getTime() - now);
  return (
    <time
      dateTime={value.toISOString()}
      title={exact ? relative : utc}
      className={exact ? "font-mono text-xs tabular-nums" : "whitespace-nowrap tabular-nums"}
    >
      {exact ? utc : relative}
    </time>
  );
}
