/** Tells a wish to stop from a wish to stop at once. */

/**
 * One Ctrl-C can arrive several times within a moment: from the terminal, and again from npm and the script in between, which pass it on.
 * Only a signal after this time is a second one.
 */
const SAME_WISH_MS = 1_000;

export type StopWish = "gently" | "now" | "ignore";

/** @param firstAt time of the first signal, null when there was none. */
export function readStopSignal(firstAt: number | null, now: number): StopWish {
  if (firstAt === null) {
    return "gently";
  }
  return now - firstAt < SAME_WISH_MS ? "ignore" : "now";
}
