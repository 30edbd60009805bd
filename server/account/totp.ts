/** The caller's authenticator: enrolling and removing it. An active one is never replaced: it is removed first, with its own code. */
import { byMember, refusedTo, type AccountCall } from "#server/account/services.ts";
import { readFactors } from "#server/account/viewer.ts";
import { provenNow, refuseLastFactor } from "#server/account/factors.ts";
import type { BeginTotp, ConfirmTotp, RemoveTotp, TotpEnrolment } from "#server/account/schema.ts";
import { recordEvents } from "#server/audit/index.ts";
import {
  checkTotp,
  failed,
  newRecoveryCodes,
  newTotpSeed,
  proveOwnPassword,
  refuseWhileWaiting,
  renewMember,
  replaceRecoveryCodes,
  totpStepOf,
  totpUri,
  type Attempt,
} from "#server/auth/index.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError } from "#server/core/errors.ts";
import type { z } from "zod";

/**
 * A new seed, which counts only once a code of it was given.
 * @throws AppError CONFLICT while an authenticator is active, INVALID_INPUT (field `password`), LOCKED_OUT, BUSY.
 */
export async function beginTotp(call: AccountCall, { password }: z.output<typeof BeginTotp>): Promise<TotpEnrolment> {
  const { services, session, origin } = call;
  await proveOwnPassword(
    services,
    session.memberId,
    password,
    origin,
    "password",
    refusedTo(call, "auth.factor_refused"),
  );
  const seed = newTotpSeed();
  const uri = totpUri(seed, session.email);
  const sealed = services.factorSeal.sealSeed(session.memberId, seed);
  const { count } = await services.db.member.updateMany({
    where: { id: session.memberId, totpSecret: null },
    data: { totpPendingSecret: sealed },
  });
  if (count !== 1) {
    throw alreadyActive();
  }
  const { toDataURL } = await import("qrcode");
  const qr = await toDataURL(uri, { errorCorrectionLevel: "M", margin: 4, scale: 5 });
  return { uri, secret: seed.replaceAll(/(.{4})(?!$)/g, "$1 "), qr };
}

/**
 * Makes the seed the caller's authenticator. Other sessions end; one that was opened without a second factor gets a new id.
 * @returns the recovery codes, and the id of the session that takes the place of this one, or null.
 * @throws AppError CONFLICT (none begun, one active), INVALID_INPUT (field `code`), LOCKED_OUT.
 */
export async function confirmTotp(
  call: AccountCall,
  { code }: z.output<typeof ConfirmTotp>,
): Promise<{ recoveryCodes: string[]; sessionId: string | null }> {
  const { services, session, origin } = call;
  const { memberId } = session;
  const { totpSecret, totpPendingSecret } = await services.db.member.findUniqueOrThrow({
    where: { id: memberId },
    select: { totpSecret: true, totpPendingSecret: true },
  });
  if (totpSecret !== null) {
    throw alreadyActive();
  }
  if (totpPendingSecret === null) {
    throw new AppError("CONFLICT", "No authenticator is being set up. Begin again.");
  }
  const refused = refusedTo(call, "auth.factor_refused");
  const attempt: Attempt = { kind: "totp", address: origin.address, account: memberId, familiar: true };
  await refuseWhileWaiting(services, attempt, origin, refused);
  const seed = services.factorSeal.openSeed(memberId, totpPendingSecret);
  const now = services.clock.now();
  const step = totpStepOf(seed, code, now, null);
  if (step === null) {
    await failed(services, attempt, origin, refused, "code_wrong");
    throw wrongCode();
  }
  const recoveryCodes = newRecoveryCodes();
  const sessionId = await withTx(services.db, async (tx) => {
    const { count } = await tx.member.updateMany({
      where: { id: memberId, totpSecret: null, totpPendingSecret },
      data: { totpSecret: totpPendingSecret, totpPendingSecret: null, totpLastStep: step },
    });
    if (count !== 1) {
      throw alreadyActive();
    }
    await replaceRecoveryCodes(tx, memberId, recoveryCodes);
    const renewed = await provenNow(call, tx, "totp", new Date(now));
    await recordEvents(tx, [
      { ...byMember(call), event: "auth.factor_added", target: memberId, data: { factor: "totp" } },
      { ...byMember(call), event: "auth.recovery_codes_made", target: memberId },
    ]);
    return renewed;
  });
  services.attempts.succeeded(attempt);
  return { recoveryCodes, sessionId };
}

/**
 * @throws AppError CONFLICT when the role asks for a second factor and there is no passkey, NOT_FOUND without an authenticator,
 * INVALID_INPUT (field `password` or `code`), LOCKED_OUT, BUSY.
 */
export async function removeTotp(call: AccountCall, { password, code }: z.output<typeof RemoveTotp>): Promise<void> {
  const { services, session, origin } = call;
  const { memberId } = session;
  const factors = await readFactors(services, memberId);
  if (!factors.totp) {
    throw new AppError("NOT_FOUND", "No authenticator is active.");
  }
  refuseLastFactor(call, factors.passkeys);
  await proveOwnPassword(services, memberId, password, origin, "password", refusedTo(call, "auth.factor_refused"));
  const member = await services.db.member.findUniqueOrThrow({
    where: { id: memberId },
    select: { id: true, totpSecret: true, totpLastStep: true },
  });
  const useCode = await checkTotp(services, member, code, true, origin, refusedTo(call, "auth.factor_refused"));
  if (useCode === null) {
    throw wrongCode();
  }
  const now = new Date(services.clock.now());
  await withTx(services.db, async (tx) => {
    if (!(await useCode(tx, now))) {
      throw wrongCode();
    }
    await tx.member.update({ where: { id: memberId }, data: { totpSecret: null, totpLastStep: null } });
    const passkeys = await tx.passkey.count({ where: { memberId } });
    refuseLastFactor(call, passkeys);
    if (passkeys === 0) {
      await tx.recoveryCode.deleteMany({ where: { memberId } });
    }
    await renewMember(tx, { memberId, keep: session.id, actor: session.actor, reason: "factors_changed", now });
    await recordEvents(tx, [
      { ...byMember(call), event: "auth.factor_removed", target: memberId, data: { factor: "totp" } },
    ]);
  });
}

const alreadyActive = (): AppError =>
  new AppError("CONFLICT", "An authenticator is active already. Remove it first; that takes its code.");

const wrongCode = (): AppError =>
  new AppError(
    "INVALID_INPUT",
    "This code is not right, or it was used before. Wait for the next one, and check the clock of your device.",
    { details: { field: "code" } },
  );
