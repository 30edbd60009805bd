/** When a process that ended by itself is started again: quickly the first time, ever more slowly when it keeps ending. */

const FIRST_MS = 250;
const LONGEST_MS = 30_000;
/** A process that lived this long is healthy again: the next failure counts as the first. */
const HEALTHY_AFTER_MS = 60_000;

/**
 * Milliseconds to wait before start number `failures + 1`. Half of it is jitter, so that processes that fell together do not come back
 * together.
 * @param failures ends in a row, at least 1. @param random from 0 up to 1.
 */
export function restartDelayMs(failures: number, random: number): number {
  const full = Math.min(FIRST_MS * 2 ** Math.min(failures - 1, 20), LONGEST_MS);
  return Math.round(full / 2 + (full / 2) * random);
}

/** Ends in a row after a process that lived `uptimeMs` ended once more. */
export function countFailures(before: number, uptimeMs: number): number {
  return uptimeMs >= HEALTHY_AFTER_MS ? 1 : before + 1;
}
