/**
 * What the pool does next: which containers go and whether one is made. Pure.
 * Order of concerns: never hand out what the configuration no longer asks for, never promise memory that is not there, never get in a run's way.
 */

export interface PoolState {
  /** Milliseconds, as are all times here. */
  now: number;
  /** What containers have to be made for; null = none are wanted now. */
  key: string | null;
  /** How many the configuration asks for. */
  size: number;
  /** Memory one of them is promised. */
  memoryBytes: number;
  machineBytes: number;
  idle: readonly { id: string; key: string; madeAt: number }[];
  /** Runs that are making a container of their own right now. */
  coldStarts: number;
  /** When a run last asked for a container, and when one last got one from here. */
  lastUseAt: number;
  lastTakenAt: number;
  /** Attempts that failed, one after the other, and when the last one did. */
  failures: number;
  lastFailureAt: number;
}

interface PoolPlan {
  /** How many are to wait. */
  target: number;
  /** Ids to destroy. */
  drop: string[];
  /** Make one now. */
  make: boolean;
  /** Time to look again when nothing calls before. */
  lookInMs: number;
}

/** Share of the machine's memory that waiting containers together may be promised. */
const MEMORY_SHARE = 0.5;
/** A container that waited this long is replaced. */
export const MAX_AGE_MS = 10 * 60_000;
/** Without a run for this long one container is enough. */
const QUIET_AFTER_MS = 10 * 60_000;
/** The program that has just got its container has the processors to itself for so long. */
const AFTER_TAKEN_MS = 250;
const BACKOFF_FIRST_MS = 1_000;
const BACKOFF_MAX_MS = 60_000;
const LOOK_MS = 2_000;

/** As many as half the machine's memory holds. */
export const affordable = (memoryBytes: number, machineBytes: number): number =>
  Math.floor((machineBytes * MEMORY_SHARE) / memoryBytes);

export function planPool(state: PoolState): PoolPlan {
  const { now, key, idle } = state;
  const target = targetOf(state);
  const fit = idle
    .filter((entry) => entry.key === key && now - entry.madeAt < MAX_AGE_MS)
    .toSorted((left, right) => right.madeAt - left.madeAt)
    .slice(0, target);
  const kept = new Set(fit.map(({ id }) => id));
  const drop = idle.filter(({ id }) => !kept.has(id)).map(({ id }) => id);
  const missing = fit.length < target;
  const waitMs = Math.max(state.lastTakenAt + AFTER_TAKEN_MS, backoffUntil(state)) - now;
  const make = missing && waitMs <= 0 && state.coldStarts === 0;
  return { target, drop, make, lookInMs: missing && waitMs > 0 ? Math.min(waitMs, LOOK_MS) : LOOK_MS };
}

function targetOf(state: PoolState): number {
  if (state.key === null) {
    return 0;
  }
  const wanted = state.now - state.lastUseAt > QUIET_AFTER_MS ? Math.min(state.size, 1) : state.size;
  return Math.min(wanted, affordable(state.memoryBytes, state.machineBytes));
}

function backoffUntil({ failures, lastFailureAt }: PoolState): number {
  return failures === 0 ? -Infinity : lastFailureAt + Math.min(BACKOFF_FIRST_MS * 2 ** (failures - 1), BACKOFF_MAX_MS);
}
