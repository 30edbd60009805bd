/**
 * A flood of refusals must not become a flood of records, and none of them may go uncounted. Refusals of one kind from one source that
 * arrive while the last record of that source is being written are gathered into the next, whose `data.count` says how many it stands for.
 * Nobody is answered before the record that counts them is durable.
 */
import type { AuditEventInput } from "#server/audit/schema.ts";
import type { AuditWriter } from "#server/audit/writer.ts";

export interface Collapser {
  /**
   * Resolves once a record that counts this event is durable.
   * @param key what may be taken together, e.g. `locked_out|192.0.2.7`. The record is that of the first event gathered.
   * @throws AppError("AUDIT_UNAVAILABLE") as the writer does.
   */
  record(key: string, event: AuditEventInput): Promise<void>;
}

/** At most one record per key in this time (milliseconds): 40 a second, however fast the flood. */
const MIN_INTERVAL_MS = 25;

interface Gathering {
  event: AuditEventInput;
  count: number;
  done: Promise<void>;
}

export function createCollapser(audit: Pick<AuditWriter, "append">): Collapser {
  /** The record being written for a key, and the one that gathers behind it. */
  const busy = new Map<string, { next: Gathering | null; free: Promise<void> }>();

  function write(key: string, gathering: Omit<Gathering, "done">): Promise<void> {
    const { event, count } = gathering;
    const written = audit.append([{ ...event, data: { ...event.data, count } }]);
    const pause = new Promise<void>((resolve) => setTimeout(resolve, MIN_INTERVAL_MS));
    const state = { next: null, free: Promise.allSettled([written, pause]).then(() => undefined) };
    busy.set(key, state);
    void state.free.then(() => {
      if (busy.get(key) === state && state.next === null) {
        busy.delete(key);
      }
    });
    return written;
  }

  return {
    record(key, event) {
      const state = busy.get(key);
      if (state === undefined) {
        return write(key, { event, count: 1 });
      }
      if (state.next === null) {
        const next: Gathering = { event, count: 1, done: state.free.then(() => write(key, next)) };
        state.next = next;
        // Every caller has its own copy of this promise; without one it must not count as unhandled.
        next.done.catch(() => undefined);
      } else {
        state.next.count += 1;
      }
      return state.next.done;
    },
  };
}
