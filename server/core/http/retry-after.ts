/** The `Retry-After` of an answer (RFC 9110 section 10.2.3): seconds, or a date. Pure. */

/** Longest wait that is believed (milliseconds). */
const MOST_MS = 60 * 60_000;

/**
 * @param now milliseconds since 1970
 * @returns milliseconds from now, never negative; null when the header is missing or says nothing
 */
export function retryAfterMs(header: string | undefined, now: number): number | null {
  const text = header?.trim() ?? "";
  if (/^\d{1,9}(?:\.\d+)?$/.test(text)) {
    return Math.min(MOST_MS, Number(text) * 1000);
  }
  const date = /^[A-Za-z]{3}, /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? null : Math.min(MOST_MS, Math.max(0, date - now));
}
