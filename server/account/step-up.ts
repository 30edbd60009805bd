/** A fresh proof that the caller is still the member, which opens dangerous actions for ten minutes in this session alone. */
import { byMember, refusedTo, type AccountCall } from "#server/account/services.ts";
import type { StepUp, StepUpOptions } from "#server/account/schema.ts";
import { readFactors } from "#server/account/viewer.ts";
import { recordEvents } from "#server/audit/index.ts";
import {
  authenticationOptions,
  checkRecoveryCode,
  checkTotp,
  passkeyDomain,
  proveOwnPassword,
  readAuthentication,
  recordRefusal,
  usePasskey,
  type UseProof,
} from "#server/auth/index.ts";
import { STEP_UP_MS } from "#server/auth/policy.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError } from "#server/core/errors.ts";

/** What the caller can prove here. The password only where there is no second factor: a stolen one must not be enough. */
export async function stepUpOptions({ services, session, origin }: AccountCall): Promise<StepUpOptions> {
  const { memberId } = session;
  const { totp, passkeys, recoveryCodesLeft } = await readFactors(services, memberId);
  const host = origin.host ?? null;
  const withPasskey = passkeys > 0 && passkeyDomain(host) !== null;
  return {
    methods: [
      ...(totp ? (["totp"] as const) : []),
      ...(withPasskey ? (["passkey"] as const) : []),
      ...(recoveryCodesLeft > 0 ? (["recovery"] as const) : []),
      ...(!totp && passkeys === 0 ? (["password"] as const) : []),
    ],
    passkey: withPasskey
      ? {
          ...(await authenticationOptions(
            services,
            host,
            `step_up:${memberId}`,
            await credentialsOf(services, memberId),
          )),
        }
      : null,
  };
}

/** @throws AppError INVALID_INPUT for a wrong proof, which is counted as at sign-in and on record; LOCKED_OUT, BUSY. */
export async function stepUp(call: AccountCall, proof: StepUp): Promise<{ steppedUpUntil: Date }> {
  const { services, session, origin } = call;
  const { method, use } = await proofIn(call, proof);
  const now = new Date(services.clock.now());
  const steppedUpUntil = new Date(now.getTime() + STEP_UP_MS);
  const isProven = await withTx(services.db, async (tx) => {
    if (!(await use(tx, now))) {
      return false;
    }
    await tx.consoleSession.updateMany({ where: { publicId: session.id, revokedAt: null }, data: { steppedUpUntil } });
    await recordEvents(tx, [
      { ...byMember(call), event: "auth.stepped_up", target: session.id, data: { method } },
      ...(method === "recovery_code" ? [{ ...byMember(call), event: "auth.recovery_code_used" as const }] : []),
    ]);
    return true;
  });
  if (!isProven) {
    await recordRefusal(services, origin, refusedTo(call, "auth.step_up_failed"), `${method}_invalid`);
    throw wrong();
  }
  return { steppedUpUntil };
}

async function proofIn(call: AccountCall, proof: StepUp): Promise<{ method: string; use: UseProof }> {
  const { services, session, origin } = call;
  const { memberId } = session;
  if ("recoveryCode" in proof) {
    return {
      method: "recovery_code",
      use: await checkRecoveryCode(
        services,
        memberId,
        proof.recoveryCode,
        origin,
        refusedTo(call, "auth.step_up_failed"),
      ),
    };
  }
  if ("passkey" in proof) {
    return { method: "passkey", use: await passkeyProof(call, proof.passkey) };
  }
  if ("password" in proof) {
    const { totp, passkeys } = await readFactors(services, memberId);
    if (totp || passkeys > 0) {
      throw new AppError("INVALID_INPUT", "Prove it with your second factor, not with the password.");
    }
    await proveOwnPassword(
      services,
      memberId,
      proof.password,
      origin,
      "password",
      refusedTo(call, "auth.step_up_failed"),
    );
    return { method: "password", use: () => Promise.resolve(true) };
  }
  const member = await services.db.member.findUniqueOrThrow({
    where: { id: memberId },
    select: { id: true, totpSecret: true, totpLastStep: true },
  });
  const use = await checkTotp(services, member, proof.code, true, origin, refusedTo(call, "auth.step_up_failed"));
  if (use === null) {
    throw wrong();
  }
  return { method: "totp", use };
}

async function passkeyProof(call: AccountCall, response: { id: string }): Promise<UseProof> {
  const { services, session, origin } = call;
  const { memberId } = session;
  const passkey = await services.db.passkey.findFirst({ where: { credentialId: response.id, memberId } });
  const answer = passkey === null ? null : await readAuthentication(services, `step_up:${memberId}`, passkey, response);
  if (passkey === null || answer === null) {
    await recordRefusal(services, origin, refusedTo(call, "auth.step_up_failed"), "passkey_invalid");
    throw wrong();
  }
  return usePasskey(passkey, answer);
}

async function credentialsOf({ db }: Pick<AccountCall["services"], "db">, memberId: string): Promise<string[]> {
  const passkeys = await db.passkey.findMany({ where: { memberId }, select: { credentialId: true } });
  return passkeys.map(({ credentialId }) => credentialId);
}

const wrong = (): AppError =>
  new AppError("INVALID_INPUT", "This proof is not right, or it was used before. Try again with a new one.", {
    details: { field: "code" },
  });
