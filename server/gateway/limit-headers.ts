/**
 * `RateLimit-Policy` names every rule that was applied, `RateLimit` the one nearest to its end, as structured fields (RFC 9651)
 * with the parameters of draft-ietf-httpapi-ratelimit-headers: q quota, w window, r remaining, t seconds until there is more.
 */
import type { LimitState } from "#server/ratelimit/schema.ts";

/** No header at all where no rule applies. */
export function limitHeaders(states: readonly LimitState[], nearest: LimitState | null): Record<string, string> {
  if (nearest === null) {
    return {};
  }
  const reset = nearest.retryAfterMs === 0 ? "" : `;t=${seconds(nearest.retryAfterMs)}`;
  return {
    ratelimit: `${fieldString(nearest.rule.source)};r=${nearest.remaining}${reset}`,
    "ratelimit-policy": states
      .map(({ rule }) => `${fieldString(rule.source)};q=${rule.max};w=${seconds(rule.windowMs)}`)
      .join(", "),
  };
}

/** Whole seconds, rounded up. */
function seconds(ms: number): number {
  return Math.ceil(ms / 1000);
}

/** Sources are few and the same with every request. */
const known = new Map<string, string>();
const MAX_KNOWN = 1_000;

/** A structured field's string is ASCII; roles and users of the configuration need not be, and are percent-encoded as in an address. */
function fieldString(source: string): string {
  let text = known.get(source);
  if (text === undefined) {
    text = JSON.stringify(source.toWellFormed().replace(/[^ -~]/gu, encodeURIComponent));
    if (known.size >= MAX_KNOWN) {
      known.clear();
    }
    known.set(source, text);
  }
  return text;
}
