/** Pure rules about tokens' lives. */
import type { TokenState } from "#server/tokens/schema.ts";

interface Lifetime {
  expiresAt: Date | null;
  revokedAt: Date | null;
  supersededAt: Date | null;
}

/**
 * A token is expired at its expiry, not a moment later. What was revoked, or replaced without a grace, has ended whatever the clock says:
 * another process, whose clock may be ahead, has decided so.
 */
export function tokenState({ expiresAt, revokedAt, supersededAt }: Lifetime, now: number): TokenState {
  if (revokedAt !== null) {
    return "revoked";
  }
  const hadGrace = supersededAt === null || expiresAt === null || expiresAt > supersededAt;
  if ((expiresAt !== null && expiresAt.getTime() <= now) || !hadGrace) {
    return "expired";
  }
  return supersededAt === null ? "active" : "superseded";
}

/** A token that works: not ended, though possibly replaced and in its grace. */
export function isUsable(state: TokenState): boolean {
  return state === "active" || state === "superseded";
}

/** When a replaced token ends: after its grace, but never later than it would have ended by itself. */
export function graceEnd(expiresAt: Date | null, graceMs: number, now: number): Date {
  return earlier(new Date(now + graceMs), expiresAt);
}

/** When a new token ends; null = never. `latest`: the end of whoever gives it. */
export function endOf(lifetimeMs: number | null, now: number, latest: Date | null): Date | null {
  return lifetimeMs === null ? latest : earlier(new Date(now + lifetimeMs), latest);
}

/** Milliseconds a token was made to live; null = it does not expire. Rows older than that column are told by their dates. */
export function lifetimeOf(token: {
  lifetimeMs: bigint | null;
  createdAt: Date;
  expiresAt: Date | null;
}): number | null {
  if (token.expiresAt === null) {
    return null;
  }
  return Number(token.lifetimeMs ?? token.expiresAt.getTime() - token.createdAt.getTime());
}

function earlier(one: Date, other: Date | null): Date {
  return other !== null && other < one ? other : one;
}
/** What a list of tokens can be narrowed to. `live`: those that work; `ending`: live ones whose last day has begun. */
export const TOKEN_FILTERS = ["live", "active", "ending", "superseded", "expired", "revoked", "all"] as const;
export type TokenFilter = (typeof TOKEN_FILTERS)[number];

/** A token that ends within this time is shown as ending (milliseconds). */
export const ENDING_WITHIN_MS = 24 * 3_600_000;

/**
 * What to look for when somebody pastes a token, or its hint, into a search box: its id. The secret must get neither into an address nor into a
 * request's log.
 */
export function searchTermOf(text: string): string {
  const term = text.trim();
  const pasted = /ocg_([0-9a-z]{12})(?:_|$)/.exec(term);
  return pasted?.[1] ?? (term.startsWith("ocg_") ? term.slice("ocg_".length).replace(/_.*$/s, "") : term);
}
