"use client";

import { ChevronLeftIcon, ChevronRightIcon } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "#components/ui/button.tsx";

interface PagerProps {
  /** Names the group: "Pages of runs". */
  label: string;
  /** Null when there is nothing newer or older. */
  onNewer: (() => void) | null;
  onOlder: (() => void) | null;
  busy?: boolean;
  /** What is shown: "1–50 of 1,204". */
  children?: ReactNode;
}

/** Steps through a list that is sorted by time. */
export function Pager({ label, onNewer, onOlder, busy = false, children }: PagerProps) {
  return (
    <nav
      aria-label={label}
      data-slot="pager"
      className="flex flex-wrap items-center justify-between gap-2 print:hidden"
    >
      <p role="status" className="text-muted-foreground tabular-nums">
        {children}
      </p>
      <div className="flex gap-2">
        <Button variant="outline" size="sm" disabled={onNewer === null || busy} onClick={onNewer ?? undefined}>
          <ChevronLeftIcon aria-hidden />
          Newer
        </Button>
        <Button variant="outline" size="sm" disabled={onOlder === null || busy} onClick={onOlder ?? undefined}>
          Older
          <ChevronRightIcon aria-hidden />
        </Button>
      </div>
    </nav>
  );
}
