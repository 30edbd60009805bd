"use client";

import { useEffect, useState } from "react";

const TICK_MS = 1_000;

/** Whole seconds left, counted down by the clock and not by ticks, which a sleeping tab loses. `start(0)` ends it. */
export function useCountdown(): { left: number; start: (seconds: number) => void } {
  const [until, setUntil] = useState<number | null>(null);
  const [now, setNow] = useState(0);

  useEffect(() => {
    if (until === null) {
      return;
    }
    const timer = setInterval(() => {
      const time = Date.now();
      setNow(time);
      if (time >= until) {
        setUntil(null);
      }
    }, TICK_MS);
    return () => clearInterval(timer);
  }, [until]);

  function start(seconds: number) {
    const time = Date.now();
    setNow(time);
    setUntil(seconds > 0 ? time + seconds * 1_000 : null);
  }

  return { left: until === null ? 0 : Math.max(0, Math.ceil((until - now) / 1_000)), start };
}
