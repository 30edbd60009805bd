"use client";

import { useEffect, useState, type RefObject } from "react";

export const ROW_PX = 40;
const HEAD_PX = 36;
const OVERSCAN = 12;

/**
 * Which of many rows of equal height are in view in a scrolling element with a head that stays. A few lines instead of a library of 11 KB,
 * which is worth it only where heights differ. Before the browser has measured, the first rows: those are in the server's answer.
 */
export function useRowWindow(scroller: RefObject<HTMLElement | null>, count: number) {
  const [view, setView] = useState({ row: 0, rows: 0 });

  useEffect(() => {
    const element = scroller.current;
    if (element === null) {
      return;
    }
    const look = () => {
      const row = Math.floor(element.scrollTop / ROW_PX);
      const rows = Math.ceil(element.clientHeight / ROW_PX);
      setView((old) => (old.row === row && old.rows === rows ? old : { row, rows }));
    };
    const sizes = new ResizeObserver(look);
    sizes.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    return () => {
      sizes.disconnect();
      element.removeEventListener("scroll", look);
    };
  }, [scroller]);

  const last = Math.min(count - 1, view.row + view.rows + OVERSCAN);
  const first = Math.max(0, Math.min(view.row - OVERSCAN, last));
  return { first, last, before: first * ROW_PX, after: Math.max(0, count - 1 - last) * ROW_PX };
}

/** Moves as little as brings row `index` into view, below the head. */
export function scrollToRow(element: HTMLElement, index: number): void {
  const top = index * ROW_PX;
  const lowest = top + ROW_PX + HEAD_PX - element.clientHeight;
  element.scrollTop = Math.min(top, Math.max(lowest, element.scrollTop));
}
