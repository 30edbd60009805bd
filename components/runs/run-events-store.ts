/** What the page knows of one run's events. Told to React a few times a second at most, however fast they come. */
import { LogLines, type Log } from "#components/runs/log-lines.ts";
import type { RunEventOutput } from "#server/runs/schema.ts";

export type TimelineEvent = Exclude<RunEventOutput, { kind: "stdout" | "stderr" | "usage" }>;

export interface RunEventsSnapshot {
  log: Log;
  /** What happened, without output and measurements; the first `MAX_TIMELINE`. */
  timeline: readonly TimelineEvent[];
  /** True when there is more than the timeline holds. */
  timelineCut: boolean;
  /** The last measurement while it ran. */
  usage: Extract<RunEventOutput, { kind: "usage" }>["data"] | null;
  ended: boolean;
}

export interface RunEventsStore {
  append: (events: readonly RunEventOutput[]) => void;
  subscribe: (listener: () => void) => () => void;
  read: () => RunEventsSnapshot;
}

const MAX_TIMELINE = 1_000;
const TELL_MS = 150;

const NO_EVENTS: RunEventsSnapshot = {
  log: { lines: [], dropped: 0 },
  timeline: [],
  timelineCut: false,
  usage: null,
  ended: false,
};

export function createRunEventsStore(): RunEventsStore {
  const lines = new LogLines();
  const listeners = new Set<() => void>();
  /** What was told, and what will be told next. */
  let [snapshot, next] = [NO_EVENTS, NO_EVENTS];
  let lastSeq = 0;
  let timer: ReturnType<typeof setTimeout> | null = null;

  function add(event: RunEventOutput): void {
    switch (event.kind) {
      case "stdout":
      case "stderr":
        lines.append(event.kind, event.data.text);
        break;
      case "usage":
        next = { ...next, usage: event.data };
        break;
      default:
        next =
          next.timeline.length >= MAX_TIMELINE && event.kind !== "end"
            ? { ...next, timelineCut: true }
            : { ...next, timeline: [...next.timeline, event], ended: next.ended || event.kind === "end" };
    }
  }

  return {
    append(events) {
      for (const event of events) {
        // A stream that begins anew tells again what is known.
        if (event.seq > lastSeq) {
          lastSeq = event.seq;
          add(event);
        }
      }
      timer ??= setTimeout(() => {
        timer = null;
        snapshot = { ...next, log: lines.read() };
        listeners.forEach((listener) => listener());
      }, TELL_MS);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    read: () => snapshot,
  };
}
