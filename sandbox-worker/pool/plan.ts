/**
 * What the pool does next: which containers go and whether one is made. Pure.
 * Order of concerns: never hand out what the configuration no longer asks for, never promise memory that is not there, never get in a run's way.
 */

export interface PoolState {
  /** Milliseconds, as are all times here. */
  now: number;
  /** What containers are wanted for, the most important first. */
  wanted: readonly WantedContainers[];
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

/** Containers of one profile. */
export interface WantedContainers {
  key: string;
  /** How many the configuration asks for. */
  size: number;
  /** Memory one of them is promised. */
  memoryBytes: number;
}

interface PoolPlan {
  /** How many are to wait, by key. */
  targets: ReadonlyMap<string, number>;
  /** Ids to destroy. */
  drop: string[];
  /** Make one for this key now; null = none. */
  make: string | null;
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

/** Memory that waiting containers may be promised together. */
export const poolMemory = (machineBytes: number): number => machineBytes * MEMORY_SHARE;

export function planPool(state: PoolState): PoolPlan {
  const { now, idle } = state;
  const targets = targetsOf(state);
  const kept = new Set<string>();
  const missing: string[] = [];
  for (const [key, target] of targets) {
    const fit = idle
      .filter((entry) => entry.key === key && now - entry.madeAt < MAX_AGE_MS)
      .toSorted((left, right) => right.madeAt - left.madeAt)
      .slice(0, target);
    fit.forEach(({ id }) => kept.add(id));
    if (fit.length < target) {
      missing.push(key);
    }
  }
  const drop = idle.filter(({ id }) => !kept.has(id)).map(({ id }) => id);
  const [next = null] = missing;
  const waitMs = Math.max(state.lastTakenAt + AFTER_TAKEN_MS, backoffUntil(state)) - now;
  const make = waitMs <= 0 && state.coldStarts === 0 ? next : null;
  return { targets, drop, make, lookInMs: next !== null && waitMs > 0 ? Math.min(waitMs, LOOK_MS) : LOOK_MS };
}

/** As many of each as are asked for and what is left of the memory holds. */
function targetsOf({ wanted, machineBytes, now, lastUseAt }: PoolState): Map<string, number> {
  const quiet = now - lastUseAt > QUIET_AFTER_MS;
  const targets = new Map<string, number>();
  let left = poolMemory(machineBytes);
  for (const { key, size, memoryBytes } of wanted) {
    const target = Math.min(quiet ? Math.min(size, 1) : size, Math.floor(left / memoryBytes));
    left -= target * memoryBytes;
    targets.set(key, (targets.get(key) ?? 0) + target);
  }
  return targets;
}

function backoffUntil({ failures, lastFailureAt }: PoolState): number {
  return failures === 0 ? -Infinity : lastFailureAt + Math.min(BACKOFF_FIRST_MS * 2 ** (failures - 1), BACKOFF_MAX_MS);
}
