/** How often a running program's use is told: often enough to follow it, seldom enough that a day of it stays a short list. Pure. */

const EVERY_MS = 2_000;
/** From here on the pause grows with the run: 72 s at 2 s each, then at most 264 more within a day. */
const PART_OF_ELAPSED = 1 / 36;

/** Milliseconds until the next sample of a run that has lasted `elapsedMs`; at most 300 samples come together in 24 hours. */
export const nextUsageIn = (elapsedMs: number): number => Math.max(EVERY_MS, Math.round(elapsedMs * PART_OF_ELAPSED));
