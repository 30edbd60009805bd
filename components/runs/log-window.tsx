"use client";

import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import { splitByMatch, type Log, type LogLine } from "#components/runs/log-lines.ts";
import { cn } from "#components/shared/cn.ts";

interface LogWindowProps {
  log: Log;
  follow: boolean;
  onFollow: (follow: boolean) => void;
  wrap: boolean;
  wanted: string;
  /** Index of the line that the search is at. */
  at: number | null;
  emptyText: string;
}

const ROW_PX = 20;
/** So near to the end counts as the end. */
const END_PX = 24;
/** Characters of one line in the page; the download has all of them. */
const MAX_SHOWN = 4_000;

/** Only the lines in view are in the page. Rendered in the browser alone: positions are style attributes, which the server may not send. */
export function LogWindow({ log, follow, onFollow, wrap, wanted, at, emptyText }: LogWindowProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const lastTop = useRef(0);
  const { lines } = log;
  // eslint-disable-next-line react-hooks/incompatible-library -- the virtualizer re-renders by itself; nothing here is memoised on it
  const virtualizer = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    getItemKey: (index) => lines[index]?.number ?? index,
    overscan: 20,
  });

  useEffect(() => virtualizer.measure(), [virtualizer, wrap]);

  useEffect(() => {
    if (follow && lines.length > 0) {
      virtualizer.scrollToIndex(lines.length - 1, { align: "end" });
    }
  }, [virtualizer, follow, log, lines.length]);

  useEffect(() => {
    if (at !== null) {
      virtualizer.scrollToIndex(at, { align: "center" });
    }
  }, [virtualizer, at]);

  function noteScroll(element: HTMLElement) {
    const { scrollTop, scrollHeight, clientHeight } = element;
    const isAtEnd = scrollHeight - scrollTop - clientHeight < END_PX;
    if (scrollTop < lastTop.current - 2 && !isAtEnd) {
      onFollow(false);
    } else if (isAtEnd && scrollTop > lastTop.current) {
      onFollow(true);
    }
    lastTop.current = scrollTop;
  }

  return (
    <div
      ref={scroller}
      role="log"
      aria-label="Output of the run"
      aria-live={follow ? "polite" : "off"}
      tabIndex={0}
      onScroll={(event) => noteScroll(event.currentTarget)}
      className="h-[60dvh] max-h-160 min-h-48 overflow-auto rounded-lg border bg-card font-mono text-xs leading-5 [overflow-anchor:none]"
    >
      {lines.length === 0 ? (
        <p className="p-3 font-sans text-sm text-muted-foreground">{emptyText}</p>
      ) : (
        <div className="relative" style={{ height: virtualizer.getTotalSize() }}>
          {virtualizer.getVirtualItems().map(({ key, index, start }) => {
            const line = lines[index];
            return line === undefined ? null : (
              <div
                key={key}
                ref={virtualizer.measureElement}
                data-index={index}
                data-stream={line.stream}
                className={cn(
                  "absolute top-0 left-0 flex min-w-full",
                  wrap ? "w-full" : "w-max",
                  line.stream === "stderr" && "bg-destructive/10",
                  index === at && "bg-primary/15",
                )}
                style={{ transform: `translateY(${start}px)` }}
              >
                <Line line={line} wrap={wrap} wanted={wanted} />
              </div>
            );
          })}
        </div>
      )}
    </div>
  );
}

function Line({ line: { number, stream, text }, wrap, wanted }: { line: LogLine; wrap: boolean; wanted: string }) {
  const shown = text.length > MAX_SHOWN ? text.slice(0, MAX_SHOWN) : text;
  return (
    <>
      <span aria-hidden className="w-14 shrink-0 pr-2 text-right text-muted-foreground tabular-nums select-none">
        {number}
      </span>
      <span className="w-8 shrink-0 text-destructive select-none">
        {stream === "stderr" && <span title="Written to standard error">err</span>}
      </span>
      <span className={cn("min-w-0 pr-3", wrap ? "break-all whitespace-pre-wrap" : "whitespace-pre")}>
        {splitByMatch(shown, wanted).map((part, index) =>
          index % 2 === 1 ? (
            <mark key={index} className="bg-warning/40 text-inherit">
              {part}
            </mark>
          ) : (
            part
          ),
        )}
        {text.length > MAX_SHOWN && (
          <span className="text-muted-foreground select-none">
            {` … ${(text.length - MAX_SHOWN).toLocaleString("en")} more characters in the download`}
          </span>
        )}
        {text === "" && "\u00a0"}
      </span>
    </>
  );
}
