/** When notifications go out: how long they are gathered, and when a failed attempt is repeated. Pure; milliseconds. */

export interface GroupTiming {
  /** From the first notice of a group to its notification, so that what comes together is told together. */
  waitMs: number;
  /** Between two notifications of one group. */
  intervalMs: number;
}

export const GROUP_TIMING: GroupTiming = { waitMs: 5_000, intervalMs: 60_000 };
/** For receivers that take one alert at a time and group by themselves. */
export const UNGROUPED: GroupTiming = { waitMs: 0, intervalMs: 0 };

/** When the notices of a group are due. @param lastSentAt of an earlier notification of the group; null = there is none */
export const dueAt = (firstNoticeAt: number, lastSentAt: number | null, { waitMs, intervalMs }: GroupTiming): number =>
  Math.max(firstNoticeAt + waitMs, lastSentAt === null ? 0 : lastSentAt + intervalMs);

export interface RetryTiming {
  firstMs: number;
  longestMs: number;
  attempts: number;
}

/** About eight hours in all. */
export const RETRY_TIMING: RetryTiming = { firstMs: 5_000, longestMs: 60 * 60_000, attempts: 17 };

/**
 * The wait after a failed attempt: doubling, with a fifth of it left to chance so that many do not come back at once, and never sooner than
 * the receiver asked for.
 * @param attempt the one that failed, from 1
 * @param chance from 0 to below 1
 * @returns null = no more
 */
export function waitAfter(
  attempt: number,
  retryAfterMs: number | null,
  chance: number,
  { firstMs, longestMs, attempts }: RetryTiming = RETRY_TIMING,
): number | null {
  if (attempt >= attempts) {
    return null;
  }
  const doubled = Math.min(longestMs, firstMs * 2 ** (attempt - 1));
  return Math.max(Math.round(doubled * (0.8 + 0.4 * chance)), retryAfterMs ?? 0);
}
