/** Pure rules about tokens' lives. */
import type { TokenState } from "#server/tokens/schema.ts";

interface Lifetime {
  expiresAt: Date | null;
  revokedAt: Date | null;
}

/** A token is expired at its expiry, not a moment later. */
export function tokenState(token: Lifetime, now: number): TokenState {
  if (token.revokedAt !== null && token.revokedAt.getTime() <= now) {
    return "revoked";
  }
  return token.expiresAt !== null && token.expiresAt.getTime() <= now ? "expired" : "active";
}
