/** The password of somebody who is signed in, proven again. */
import type { Attempt } from "#server/auth/attempt-limiter.ts";
import { failed, refuseWhileWaiting, type Refused } from "#server/auth/refusals.ts";
import type { AuthServices, CallOrigin } from "#server/auth/services.ts";
import { AppError } from "#server/core/errors.ts";

/**
 * @returns the stored hash that it fits, to make a change depend on it.
 * @throws AppError("INVALID_INPUT", field `field`) when it is wrong, which is counted and on record; AppError("LOCKED_OUT"), AppError("BUSY").
 */
export async function proveOwnPassword(
  services: Pick<AuthServices, "db" | "attempts" | "refusals" | "passwords">,
  memberId: string,
  password: string,
  origin: CallOrigin,
  field: string,
  refused: Refused,
): Promise<string> {
  // Whoever holds a session is at an address the member knows; guessing through it is held up there, and keeps nobody out elsewhere.
  const attempt: Attempt = { kind: "password", address: origin.address, account: memberId, familiar: true };
  await refuseWhileWaiting(services, attempt, origin, refused);
  const member = await services.db.member.findUniqueOrThrow({
    where: { id: memberId },
    select: { passwordHash: true },
  });
  const isRight = await services.passwords.verify(member.passwordHash, password);
  await refuseWhileWaiting(services, attempt, origin, refused);
  if (!isRight || member.passwordHash === null) {
    await failed(services, attempt, origin, refused, "password_wrong");
    throw new AppError("INVALID_INPUT", "This is not your password. Try again.", { details: { field } });
  }
  services.attempts.succeeded(attempt);
  return member.passwordHash;
}
