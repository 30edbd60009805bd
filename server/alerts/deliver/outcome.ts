/** What became of one attempt, and what that means. Pure. */

export interface Outcome {
  /** `gone`: the receiver says that it will never take anything again. */
  result: "sent" | "again" | "refused" | "gone";
  /** Code of a failure. */
  reason: "refused" | "gone" | "address_refused" | "recipient_refused" | null;
  /** HTTP status or SMTP code. */
  status: number | null;
  /** The beginning of the answer, or why there is none. */
  response: string;
  /** What the receiver asked for (milliseconds). */
  retryAfterMs: number | null;
  /** Recipients of a mail that need no further attempt. */
  settled: string[];
}

/** Statuses that speak of the very body, which no repetition changes. */
const BODY_REFUSED = new Set([400, 413, 415, 422]);

/**
 * What the answer of a receiver means. Redirects are not followed: where one leads was never agreed on, and it may be inside the network.
 * What may be a passing fault, a wrong key included, is tried again.
 */
export function outcomeOfStatus(status: number): Pick<Outcome, "result" | "reason"> {
  if (status >= 200 && status < 300) {
    return { result: "sent", reason: null };
  }
  if (status === 410) {
    return { result: "gone", reason: "gone" };
  }
  return BODY_REFUSED.has(status) ? { result: "refused", reason: "refused" } : { result: "again", reason: null };
}

const RESPONSE_MAX = 500;

/** Fit for the log of deliveries: short, visible characters, none of `secrets`. */
export function cleanResponse(text: string, secrets: readonly string[]): string {
  const masked = [...secrets]
    .sort((a, b) => b.length - a.length)
    .reduce((rest, secret) => rest.replaceAll(secret, "[secret]"), text);
  return masked
    .replace(/[\p{Cc}\p{Cf}]+/gu, " ")
    .trim()
    .slice(0, RESPONSE_MAX);
}
