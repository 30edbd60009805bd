/** A limit that applies to one request, and what the limiter answers. */

/** The rules of one request differ in `source` or `key`: each counts on its own. */
export interface LimitRule {
  /** Where the rule stands, e.g. `security.rateLimit.perUser`; shown to the caller. */
  source: string;
  /** What is counted, e.g. `user:ana`. Rules with the same key and source share one count, whatever their length and maximum. */
  key: string;
  windowMs: number;
  max: number;
  /** Give the place back when the request succeeded / failed. */
  skipSuccessful: boolean;
  skipFailed: boolean;
}

export interface LimitState {
  rule: LimitRule;
  /** Requests still possible in the window that ends now. */
  remaining: number;
  /** Milliseconds until at least one more place is free; 0 when one is free now. */
  retryAfterMs: number;
}

/** `states` has one entry per rule, in the order asked: after the place was taken, or as they stand when none was. */
export type LimitAnswer =
  | { allowed: true; states: LimitState[]; tightest: LimitState | null; ticket: LimitTicket }
  | { allowed: false; states: LimitState[]; exceeded: LimitState };

/** Proof of the places taken. `settle` gives back those whose rule skips this outcome; further calls do nothing. */
export interface LimitTicket {
  settle(outcome: "succeeded" | "failed"): void;
}

export interface Limiter {
  /** Takes one place in every rule, or none at all. @throws AppError STORE_UNAVAILABLE when nothing can be counted now. */
  take(rules: readonly LimitRule[]): Promise<LimitAnswer>;
  /** Where each rule stands, in the order asked; takes no place. @throws AppError STORE_UNAVAILABLE */
  peek(rules: readonly LimitRule[]): Promise<LimitState[]>;
  /** Forgets what was counted. @returns false when nothing was. @throws AppError STORE_UNAVAILABLE */
  reset(counter: LimitCounter): Promise<boolean>;
}

/** Names one count. */
export type LimitCounter = Pick<LimitRule, "source" | "key">;

/** A limiter that can also say who has used up most. */
export interface WatchedLimiter extends Limiter {
  /** The counts nearest to their limit, those that are over first; at most `top`. Takes no place. @throws AppError STORE_UNAVAILABLE */
  snapshot(top: number): Promise<LimitState[]>;
  /** How many counts a snapshot chooses from, and how many it can at most. */
  watched(): { counts: number; capacity: number };
}

/** Where counts live now: in this process, in the shared store, or (while that does not answer) what `onStoreFailure` says. */
export type LimitStore = "memory" | "shared" | "lost";

/** What happens to requests while the shared store does not answer: refused, or counted by each process for itself. */
export type StoreFailurePolicy = "deny" | "local";
