/**
 * How long the oldest batch of events has waited for the sealer. The server may not read the batches, and their rows hold no time: it remembers
 * which was the newest when, and so knows since when the oldest that is still there has been seen. Pure.
 */

/** Looks that are remembered; those between two are as good as the earlier one. */
const MAX_LOOKS = 500;

export interface BacklogAge {
  /** @returns milliseconds, 0 when nothing waits. @param waiting the ids at both ends of what waits */
  observe(nowMs: number, waiting: { oldestId: number; newestId: number } | null): number;
}

export function createBacklogAge(): BacklogAge {
  /** In the order of time, and of ids. */
  let looks: { at: number; newestId: number }[] = [];
  return {
    observe(nowMs, waiting) {
      if (waiting === null) {
        looks = [];
        return 0;
      }
      looks = looks.filter(({ newestId }) => newestId >= waiting.oldestId);
      if (looks.length < MAX_LOOKS && (looks.at(-1)?.newestId ?? -1) < waiting.newestId) {
        looks.push({ at: nowMs, newestId: waiting.newestId });
      }
      return nowMs - (looks[0]?.at ?? nowMs);
    },
  };
}
