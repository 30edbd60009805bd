"use client";

import { useSyncExternalStore } from "react";

const WIDE = "(min-width: 64rem)";

const screen = {
  subscribe: (listener: () => void): (() => void) => {
    const query = window.matchMedia(WIDE);
    query.addEventListener("change", listener);
    return () => query.removeEventListener("change", listener);
  },
  read: () => window.matchMedia(WIDE).matches,
};

/** Whether there is room for two columns; true until the page runs. */
export const useIsWide = (): boolean => useSyncExternalStore(screen.subscribe, screen.read, () => true);
