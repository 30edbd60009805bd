/**
 * Authenticators of people who write from platforms: enrolled by whoever may give the person's role, confirmed by a code, never replaced
 * while one is active.
 */
import { refuseRoleBeyond, type Grantor } from "#server/access/index.ts";
import type { PolicySnapshot } from "#server/access/schema.ts";
import { recordEvents, type Collapser } from "#server/audit/index.ts";
import { newTotpSeed, totpStepOf, totpUri, type Attempt, type AttemptLimiter } from "#server/auth/index.ts";
import type { Clock } from "#server/core/clock.ts";
import type { Db } from "#server/core/db/client.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError } from "#server/core/errors.ts";
import type { UserFactorSeal } from "#server/step-up/factor-seal.ts";
import type { UserFactorEnrolment } from "#server/step-up/schema.ts";

export interface EnrolDeps {
  db: Db;
  clock: Clock;
  policy: PolicySnapshot;
  userFactorSeal: UserFactorSeal;
  attempts: AttemptLimiter;
  refusals: Collapser;
}

/**
 * A new seed, which counts only once a code of it was given.
 * @throws AppError NOT_FOUND (no such user), FORBIDDEN (can do more than the caller), CONFLICT (one is active)
 */
export async function beginUserFactor(deps: EnrolDeps, grantor: Grantor, userId: string): Promise<UserFactorEnrolment> {
  requireReach(deps, grantor, userId);
  const seed = newTotpSeed();
  const pendingSeed = deps.userFactorSeal.sealSeed(userId, seed);
  await withTx(deps.db, async (tx) => {
    await tx.userFactor.createMany({
      data: [{ userId, createdAt: new Date(deps.clock.now()) }],
      skipDuplicates: true,
    });
    const { count } = await tx.userFactor.updateMany({ where: { userId, seed: null }, data: { pendingSeed } });
    if (count !== 1) {
      throw new AppError("CONFLICT", `User "${userId}" has an authenticator already. Remove it first.`);
    }
  });
  return { uri: totpUri(seed, userId), secret: seed.replaceAll(/(.{4})(?!$)/g, "$1 ") };
}

/** @throws AppError as `beginUserFactor`; CONFLICT when none was begun, INVALID_INPUT (field `code`), LOCKED_OUT */
export async function confirmUserFactor(
  deps: EnrolDeps,
  grantor: Grantor,
  { userId, code, address }: { userId: string; code: string; address: string },
): Promise<void> {
  requireReach(deps, grantor, userId);
  const attempt: Attempt = { kind: "totp", address, account: `user:${userId}` };
  const waitMs = deps.attempts.waitMs(attempt);
  if (waitMs > 0) {
    const seconds = Math.ceil(waitMs / 1000);
    await recordRefused(deps, grantor, userId, "locked_out");
    throw new AppError("LOCKED_OUT", `Too many wrong codes. Try again in ${seconds} s.`, {
      retryAfterSeconds: seconds,
    });
  }
  const factor = await deps.db.userFactor.findUnique({ where: { userId } });
  const pendingSeed = factor?.pendingSeed ?? null;
  if (factor === null || pendingSeed === null || factor.seed !== null) {
    throw new AppError("CONFLICT", `No authenticator of user "${userId}" is being set up. Begin again.`);
  }
  const step = totpStepOf(deps.userFactorSeal.openSeed(userId, pendingSeed), code, deps.clock.now(), null);
  if (step === null) {
    deps.attempts.failed(attempt);
    await recordRefused(deps, grantor, userId, "code_wrong");
    throw new AppError(
      "INVALID_INPUT",
      "This code is not right. Check the clock of the device, and take the next one.",
      {
        details: { field: "code" },
      },
    );
  }
  await withTx(deps.db, async (tx) => {
    const { count } = await tx.userFactor.updateMany({
      where: { userId, seed: null, pendingSeed },
      data: { seed: pendingSeed, pendingSeed: null, lastStep: step },
    });
    if (count !== 1) {
      throw new AppError("CONFLICT", `The authenticator of user "${userId}" was changed meanwhile. Begin again.`);
    }
    await recordEvents(tx, [{ event: "user.factor_added", outcome: "ok", actor: grantor.actor, target: userId }]);
  });
  deps.attempts.succeeded(attempt);
}

/** Removes an active or a begun one, and what was proven with it. @throws AppError NOT_FOUND, FORBIDDEN */
export async function removeUserFactor(deps: EnrolDeps, grantor: Grantor, userId: string): Promise<void> {
  const role = deps.policy.users.get(userId)?.role;
  if (role !== undefined && deps.policy.roles.has(role)) {
    refuseRoleBeyond(deps.policy, grantor, role);
  }
  await withTx(deps.db, async (tx) => {
    const { count } = await tx.userFactor.deleteMany({ where: { userId } });
    if (count !== 1) {
      throw new AppError("NOT_FOUND", `User "${userId}" has no authenticator.`);
    }
    await tx.senderProof.deleteMany({ where: { userId } });
    await tx.heldMessage.deleteMany({ where: { userId } });
    await recordEvents(tx, [{ event: "user.factor_removed", outcome: "ok", actor: grantor.actor, target: userId }]);
  });
}

export async function userFactorState(db: Db, userId: string): Promise<{ active: boolean; pending: boolean }> {
  const factor = await db.userFactor.findUnique({ where: { userId }, select: { seed: true, pendingSeed: true } });
  return { active: (factor?.seed ?? null) !== null, pending: (factor?.pendingSeed ?? null) !== null };
}

/** Whoever hands out a person's factor can speak as that person. */
function requireReach({ policy }: EnrolDeps, grantor: Grantor, userId: string): void {
  const user = policy.users.get(userId);
  if (user === undefined) {
    throw new AppError(
      "NOT_FOUND",
      `There is no user "${userId}". Make the record first: openclaw access users set ${userId} --role user`,
    );
  }
  refuseRoleBeyond(policy, grantor, user.role);
}

function recordRefused({ refusals }: EnrolDeps, { actor }: Grantor, userId: string, reason: string): Promise<void> {
  return refusals.record(`user.factor_refused|${userId}|${reason}`, {
    event: "user.factor_refused",
    outcome: "denied",
    actor,
    target: userId,
    reason,
  });
}
