/** How old a key is and what follows from it. Pure, browser-safe; times are milliseconds since 1970. */

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
export const DEFAULT_GRACE_MS = DAY_MS;

export const KEY_STATES = ["ok", "due_soon", "overdue", "unknown"] as const;
type KeyState = (typeof KEY_STATES)[number];

/** Times of grace that are offered. */
export const GRACES = [
  { ms: 0, label: "None: the old one ends at once" },
  { ms: 15 * MINUTE_MS, label: "15 minutes" },
  { ms: 60 * MINUTE_MS, label: "1 hour" },
  { ms: DAY_MS, label: "24 hours" },
  { ms: 7 * DAY_MS, label: "7 days" },
] as const;

export interface RotationRule {
  /** Age at which a key is due (milliseconds). */
  intervalMs: number;
  /** How long before that it is said (milliseconds). */
  notifyBeforeMs: number;
}

export interface KeyAge {
  state: KeyState;
  /** Null when the key has not been seen yet. */
  dueAt: number | null;
  ageMs: number | null;
  /** Part of the interval that has gone by; above 1 when overdue. */
  share: number | null;
}

/** @param since when the key last changed, or was first seen; null = not seen yet */
export function keyAge(since: number | null, { intervalMs, notifyBeforeMs }: RotationRule, now: number): KeyAge {
  if (since === null) {
    return { state: "unknown", dueAt: null, ageMs: null, share: null };
  }
  const dueAt = since + intervalMs;
  const ageMs = Math.max(0, now - since);
  // A notice that would come before the key is there comes with it.
  const state = now >= dueAt ? "overdue" : now >= dueAt - notifyBeforeMs ? "due_soon" : "ok";
  return { state, dueAt, ageMs, share: ageMs / intervalMs };
}

/** Why a text cannot be a key; null = it can. */
export function valueProblem(value: string): string | null {
  if (value.trim() === "") {
    return "it is blank";
  }
  if (value !== value.trim() || /\p{Cc}|\p{Cf}/u.test(value)) {
    return "it begins or ends with a space, or holds control characters";
  }
  if (/\$\{/.test(value)) {
    return "it holds a reference to the environment; write that into the configuration instead";
  }
  return /^enc:v\d/.test(value) ? "it is an encrypted value of the configuration" : null;
}
