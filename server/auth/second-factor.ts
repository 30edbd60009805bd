/** The second factor of a member, proven: a code of the authenticator or a recovery code, each good once. */
import type { Attempt } from "#server/auth/attempt-limiter.ts";
import { consumeRecoveryCode } from "#server/auth/recovery-codes.ts";
import { failed, refuseWhileWaiting, type Refused } from "#server/auth/refusals.ts";
import type { AuthServices, CallOrigin } from "#server/auth/services.ts";
import { totpStepOf } from "#server/auth/totp.ts";
import type { Tx } from "#server/core/db/client.ts";

export interface FactorHolder {
  id: string;
  totpSecret: string | null;
  totpLastStep: bigint | null;
}

/** Uses the proof up as part of `tx`. False: somebody else was quicker. */
export type UseProof = (tx: Tx, now: Date) => Promise<boolean>;

type FactorServices = Pick<AuthServices, "attempts" | "refusals" | "factorSeal" | "clock">;

/**
 * Checks a code of the authenticator.
 * @returns how to use it up; null when it is wrong, which is counted and on record.
 * @throws AppError("LOCKED_OUT"), AppError("CANNOT_DECRYPT") when the stored seed was changed.
 */
export async function checkTotp(
  services: FactorServices,
  member: FactorHolder,
  code: string,
  familiar: boolean,
  origin: CallOrigin,
  refused: Refused,
): Promise<UseProof | null> {
  const attempt: Attempt = { kind: "totp", address: origin.address, account: member.id, familiar };
  await refuseWhileWaiting(services, attempt, origin, refused);
  const seed = member.totpSecret === null ? null : services.factorSeal.openSeed(member.id, member.totpSecret);
  const step = seed === null ? null : totpStepOf(seed, code, services.clock.now(), member.totpLastStep);
  if (step === null) {
    await failed(services, attempt, origin, refused, "code_wrong");
    return null;
  }
  return async (tx) => {
    const { count } = await tx.member.updateMany({
      where: {
        id: member.id,
        totpSecret: member.totpSecret,
        OR: [{ totpLastStep: null }, { totpLastStep: { lt: step } }],
      },
      data: { totpLastStep: step },
    });
    if (count === 1) {
      services.attempts.succeeded(attempt);
    }
    return count === 1;
  };
}

/** As `checkTotp`, for a recovery code; whether there is such a code shows only when it is used up. @throws AppError("LOCKED_OUT") */
export async function checkRecoveryCode(
  services: FactorServices,
  memberId: string,
  code: string,
  origin: CallOrigin,
  refused: Refused,
): Promise<UseProof> {
  const attempt: Attempt = { kind: "recovery_code", address: origin.address, account: memberId };
  await refuseWhileWaiting(services, attempt, origin, refused);
  return async (tx, now) => {
    const isUsed = await consumeRecoveryCode(tx, memberId, code, now);
    if (!isUsed) {
      services.attempts.failed(attempt);
    }
    return isUsed;
  };
}
