/** A limit that applies to one request, and what the limiter answers. */

export interface LimitRule {
  /** Where the rule stands, e.g. `security.rateLimit.perUser`; shown to the caller. */
  source: string;
  /** What is counted, e.g. `user:ana`. Rules with the same key and source share one count. */
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

export type LimitAnswer =
  { allowed: true; tightest: LimitState | null; ticket: LimitTicket } | { allowed: false; exceeded: LimitState };

/** Proof of the places taken. `settle` gives back those whose rule skips this outcome; further calls do nothing. */
export interface LimitTicket {
  settle(outcome: "succeeded" | "failed"): void;
}

export interface Limiter {
  /** Takes one place in every rule, or none at all. */
  take(rules: readonly LimitRule[]): Promise<LimitAnswer>;
}
