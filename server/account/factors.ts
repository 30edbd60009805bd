/** What enrolling and removing factors have in common. */
import type { AccountCall } from "#server/account/services.ts";
import { openSession, renewMember } from "#server/auth/index.ts";
import { isFactorRequired } from "#server/auth/policy.ts";
import type { SessionMethod } from "#server/auth/schema.ts";
import type { Tx } from "#server/core/db/client.ts";
import { AppError } from "#server/core/errors.ts";

/**
 * The caller has just proven a new factor. Every other session ends. One that was opened without a factor ends too and is replaced by a new
 * one: whoever took its cookie before is not let in by what its owner did since.
 * @returns the id of the session that takes its place, or null when the caller's own goes on.
 */
export async function provenNow(
  { services, session, origin }: AccountCall,
  tx: Tx,
  method: SessionMethod,
  now: Date,
): Promise<string | null> {
  const { memberId, actor, factorProven } = session;
  const keep = factorProven ? session.id : null;
  const { authVersion } = await renewMember(tx, { memberId, keep, actor, reason: "factors_changed", now });
  if (factorProven) {
    return null;
  }
  const member = { id: memberId, authVersion };
  return (await openSession(services, tx, member, { method, factorProven: true }, origin, now)).id;
}

/** @param remaining factors that are left @throws AppError CONFLICT when the role asks for one and none is. */
export function refuseLastFactor({ services, session }: AccountCall, remaining: number): void {
  if (remaining === 0 && isFactorRequired(services.mfaRoles(), session.role)) {
    throw new AppError(
      "CONFLICT",
      "Your role asks for a second factor, and this is the last one. Add another before you remove it.",
      { details: { reason: "last_factor" } },
    );
  }
}
