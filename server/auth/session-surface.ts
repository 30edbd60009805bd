/** The console's cookie, checked: whoever presents one that we did not make is counted, recorded and slowed down like any other guesser. */
import type { AuthServices, CallOrigin } from "#server/auth/services.ts";
import { findSession, type ConsoleSession } from "#server/auth/session.ts";
import { sessionCookieOf, sessionIdInCookie } from "#server/auth/session-cookie.ts";
import { SURFACES } from "#server/auth/surfaces.ts";
import { AppError } from "#server/core/errors.ts";

interface SessionCall {
  cookies: string | null;
  origin: CallOrigin;
  /** Whether a person caused this call; only then the idle time starts again. */
  active: boolean;
}

/**
 * The live session behind the request's cookie; null without a cookie or with one whose session has ended, which is no guess: it was given
 * to this browser once. One that we did not make is on record before this returns.
 * @throws AppError("LOCKED_OUT") while the address has to wait after cookies that were not ours; AppError("STORE_UNAVAILABLE").
 */
export async function authenticateSession(
  services: AuthServices,
  { cookies, origin, active }: SessionCall,
): Promise<ConsoleSession | null> {
  const cookie = sessionCookieOf(cookies, services);
  if (cookie === null) {
    return null;
  }
  const id = await sessionIdInCookie(cookie, services);
  if (id !== null) {
    return findSession(services, id, { active });
  }
  const { credential, rejected } = SURFACES.session;
  const attempt = { kind: credential, address: origin.address, account: null };
  const waitMs = services.attempts.waitMs(attempt);
  if (waitMs === 0) {
    services.attempts.failed(attempt);
  }
  await services.refusals.record(`${rejected}|${origin.address}`, {
    event: rejected,
    outcome: "denied",
    actor: { type: "anonymous", id: origin.address },
    address: origin.address,
    requestId: origin.requestId,
    reason: waitMs > 0 ? "locked_out" : "unreadable",
  });
  if (waitMs > 0) {
    const seconds = Math.ceil(waitMs / 1000);
    throw new AppError("LOCKED_OUT", `Too many invalid session cookies from this address. Try again in ${seconds} s.`, {
      retryAfterSeconds: seconds,
    });
  }
  return null;
}
