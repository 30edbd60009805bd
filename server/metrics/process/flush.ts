/**
 * Adds what this process has counted to the buckets, every ten seconds and at its end. A crash loses at most what was counted since. What the
 * database did not take is tried again with the next.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Pool } from "pg";
import type { Clock } from "#server/core/clock.ts";
import type { Logger } from "#server/core/log.ts";
import { copyNumbers, processIncrements } from "#server/metrics/process/process-increments.ts";
import type { RequestMeter } from "#server/metrics/process/request-meter.ts";
import type { StoreSampler } from "#server/metrics/process/sample-store.ts";
import { createSubjectRoom } from "#server/metrics/recorded/subject-room.ts";
import { addToBuckets } from "#server/metrics/store-buckets.ts";

const EVERY_MS = 10_000;
const LOOP_RESOLUTION_MS = 20;
const NS_PER_MS = 1e6;

export interface FlushDeps {
  pool: Pool;
  meter: RequestMeter;
  store: StoreSampler;
  clock: Clock;
  log: Logger;
}

export interface Flusher {
  /** Resolves when what was counted before the call is stored. @throws the database's error. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** @param everyMs between two times; default ten seconds. */
export function startFlusher({ pool, meter, store, clock, log }: FlushDeps, everyMs = EVERY_MS): Flusher {
  const delay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  delay.enable();
  let before = copyNumbers(meter.numbers);
  let failing = false;
  let work: Promise<void> = Promise.resolve();

  async function flushNow(): Promise<void> {
    const now = copyNumbers(meter.numbers);
    // The monitor counts the time between its own looks in.
    const loopMs = Math.max(0, delay.max / NS_PER_MS - LOOP_RESOLUTION_MS);
    delay.reset();
    const peaks = meter.takePeaks();
    const { runsWaiting, backlog } = await store.sample();
    const increments = processIncrements({
      before,
      now,
      peaks,
      gauges: {
        run_queue: runsWaiting,
        audit_backlog: backlog,
        memory_bytes: process.memoryUsage.rss(),
        event_loop_delay_ms: loopMs,
      },
      atMs: clock.now(),
    });
    const room = createSubjectRoom();
    room.unknown(increments).forEach((slot) => room.learn(slot, []));
    await addToBuckets(pool, room.place(increments));
    before = now;
  }

  function flush(): Promise<void> {
    const done = work.then(flushNow);
    work = done.catch(() => undefined);
    return done;
  }

  const timer = setInterval(() => {
    flush().then(
      () => (failing = false),
      (error: unknown) => {
        if (!failing) {
          failing = true;
          log.warn({ err: error }, "measurements could not be stored; they are kept and tried again");
        }
      },
    );
  }, everyMs);
  timer.unref();

  return {
    flush,
    async close() {
      clearInterval(timer);
      await flush().catch((error: unknown) => log.warn({ err: error }, "the last measurements could not be stored"));
      delay.disable();
    },
  };
}
