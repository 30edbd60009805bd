/**
 * What follows a call that failed before the caller had a byte of an answer: the same model again after a pause, the next model of its chain,
 * or the end. Pure. After the first byte nothing is tried again: half of one answer and half of another are none. Sources: RFC 9110 § 10.2.3
 * (Retry-After), "Exponential backoff and jitter" (AWS Architecture Blog), the retry rules of the `openai` and `@anthropic-ai/sdk` packages.
 */

/** `models.retries`. */
export interface RetrySettings {
  /** Times a model is tried again. */
  count: number;
  /** Milliseconds before the first repetition; doubled for each further one. */
  delay: number;
  /** The longest pause in milliseconds, also where the provider asks for one. */
  maxDelay: number;
}

/** How an attempt failed. */
export interface Failure {
  /** The provider's; null = it did not answer. */
  status: number | null;
  /** Why no answer was usable, where that was not its status. */
  cause: "unreachable" | "broke_off" | "timeout" | "misconfigured" | "caller_gone" | "stopping" | null;
  /** Milliseconds that the provider asks to wait; null = it does not say. */
  retryAfterMs: number | null;
  /** False = the provider says that the same call would fail again (`x-should-retry`). */
  shouldRetry: boolean;
  /** The caller has the head of an answer. */
  begun: boolean;
}

/** `again` = the same model may succeed a moment later, `elsewhere` = only another may. */
export function remedyFor({ status, cause, shouldRetry, begun }: Failure): "again" | "elsewhere" | "none" {
  if (begun || cause === "caller_gone" || cause === "stopping") {
    return "none";
  }
  if (cause === "timeout" || cause === "misconfigured") {
    return "elsewhere";
  }
  const passing = cause !== null || (status !== null && isPassing(status));
  if (!passing) {
    return "none";
  }
  return shouldRetry ? "again" : "elsewhere";
}

/** Statuses that are about the provider and the moment; other 4xx are about the request, which would be refused elsewhere too. */
const isPassing = (status: number): boolean => status === 408 || status === 429 || status >= 500;

/** Models to try, in order. A chain is not followed further: the fallback of a fallback is written where it is wanted. */
export function chainOf(model: string, fallback: Readonly<Record<string, readonly string[]>>): string[] {
  return Object.hasOwn(fallback, model) ? [...new Set([model, ...(fallback[model] ?? [])])] : [model];
}

/** Where a call is: the model of its chain, and how often that one was tried. */
export interface Place {
  index: number;
  tries: number;
}

export const FIRST: Place = { index: 0, tries: 1 };

/**
 * The next attempt and the pause before it; null = the failure is the answer.
 * @param length models in the chain
 * @param random from 0 up to 1
 */
export function nextAttempt(
  { index, tries }: Place,
  failure: Failure,
  length: number,
  { count, delay, maxDelay }: RetrySettings,
  random: number,
): (Place & { waitMs: number }) | null {
  const remedy = remedyFor(failure);
  if (remedy === "none") {
    return null;
  }
  const asked = failure.retryAfterMs ?? 0;
  // Who asks for more patience than there is would refuse again.
  if (remedy === "again" && tries <= count && asked <= maxDelay) {
    const pause = Math.min(maxDelay, delay * 2 ** (tries - 1));
    // Half of it by chance, so that callers who failed together do not come back together.
    const waitMs = Math.max(asked, Math.round(pause * (0.5 + random / 2)));
    return { index, tries: tries + 1, waitMs };
  }
  return index + 1 < length ? { index: index + 1, tries: 1, waitMs: 0 } : null;
}

/** Longer than anybody waits. */
const MAX_ASKED_MS = 24 * 60 * 60 * 1000;

/** What a provider's headers say about a repetition. @param now milliseconds since 1970 */
export function retryWishes(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  now: number,
): Pick<Failure, "retryAfterMs" | "shouldRetry"> {
  const one = (name: string): string => {
    const value = headers[name];
    return (Array.isArray(value) ? value[0] : value)?.trim() ?? "";
  };
  return {
    retryAfterMs: retryAfter(one("retry-after-ms"), one("retry-after"), now),
    shouldRetry: one("x-should-retry") !== "false",
  };
}

function retryAfter(milliseconds: string, seconds: string, now: number): number | null {
  if (/^\d{1,12}(?:\.\d{1,6})?$/.test(milliseconds)) {
    return Math.min(MAX_ASKED_MS, Math.ceil(Number(milliseconds)));
  }
  if (/^\d{1,9}(?:\.\d{1,6})?$/.test(seconds)) {
    return Math.min(MAX_ASKED_MS, Math.ceil(Number(seconds) * 1000));
  }
  const date = /^[A-Z][a-z]{2}, /.test(seconds) ? Date.parse(seconds) : NaN;
  return Number.isNaN(date) ? null : Math.min(MAX_ASKED_MS, Math.max(0, date - now));
}
