/** When a message that a platform did not take is tried again. Pure, browser-safe. */

/** Attempts at one message. */
const MAX_ATTEMPTS = 8;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 5 * 60_000;

/**
 * Doubles from one second to five minutes; never sooner than the platform wishes.
 * @param attempt the one that failed, from 1
 * @param retryAfterMs what the platform asked for
 * @returns milliseconds; null = no more
 */
export function waitBeforeAttempt(attempt: number, retryAfterMs: number | null): number | null {
  if (attempt >= MAX_ATTEMPTS) {
    return null;
  }
  return Math.max(Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempt - 1)), retryAfterMs ?? 0);
}
