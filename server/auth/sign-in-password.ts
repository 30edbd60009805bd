/**
 * Signs in with address and password, and where the member has a second factor, with that in the same call: a session of a password alone
 * exists only where no factor is enrolled. Unknown, disabled and wrong get the same answer after the same work.
 */
import { z } from "zod";
import { SIGN_IN_REFUSAL } from "#server/auth/policy.ts";
import type { Attempt } from "#server/auth/attempt-limiter.ts";
import { keyedHash } from "#server/auth/derived-key.ts";
import { isFamiliar } from "#server/auth/familiar.ts";
import { finishSignIn } from "#server/auth/finish-sign-in.ts";
import {
  credentialsInvalid,
  failed,
  recordRefusal,
  refuseWhileWaiting,
  SignInRefusal,
  type Refused,
} from "#server/auth/refusals.ts";
import { EmailAddress, RecoveryCodeText, TotpCode, TypedPassword, type SessionMethod } from "#server/auth/schema.ts";
import { checkRecoveryCode, checkTotp, type UseProof } from "#server/auth/second-factor.ts";
import type { AuthServices, CallOrigin } from "#server/auth/services.ts";

const EVENT = "auth.sign_in_failed";

const Input = z.object({
  email: EmailAddress,
  password: TypedPassword,
  code: z.string().max(64).optional(),
  recoveryCode: z.string().max(64).optional(),
});

/**
 * The id of a new session.
 * @throws SignInRefusal (CredentialsInvalid, SecondFactorRequired with what the member has, SecondFactorInvalid);
 * AppError("LOCKED_OUT"), AppError("BUSY").
 */
export async function signInWithPassword(services: AuthServices, input: unknown, origin: CallOrigin): Promise<string> {
  const parsed = Input.safeParse(input);
  if (!parsed.success) {
    await recordRefusal(services, origin, { event: EVENT }, "malformed");
    throw credentialsInvalid();
  }
  const { email, password } = parsed.data;
  const member = await findByEmail(services, email);
  const familiar = await isFamiliar(services, member?.id ?? null, origin.address);
  const attempt: Attempt = { kind: "password", address: origin.address, account: accountOf(services, email), familiar };
  const refused = { event: EVENT, target: member?.id } as const;
  await refuseWhileWaiting(services, attempt, origin, refused);

  const isRight = await services.passwords.verify(member?.passwordHash ?? null, password);
  // Others may have failed while this hash waited its turn: a flood of guesses gains nothing by coming at once.
  await refuseWhileWaiting(services, attempt, origin, refused);
  if (member === null || !isRight || member.disabledAt !== null) {
    const stranger: Attempt = { kind: "password", address: origin.address, account: null };
    const strangersWait = services.attempts.waitMs(stranger) > 0;
    await failed(services, attempt, origin, refused, reasonOf(member, isRight));
    if (strangersWait) {
      // As everybody else at this address: another answer would say who signs in from here.
      await refuseWhileWaiting(services, stranger, origin, refused);
    }
    throw credentialsInvalid();
  }
  services.attempts.succeeded(attempt);
  const { method, useProof } = await proofOf(services, member, parsed.data, familiar, origin, refused);
  const id = await finishSignIn(services, member, { method, factorProven: method !== "password" }, origin, useProof);
  if (id === null) {
    await recordRefusal(services, origin, refused, method === "password" ? "changed" : "code_used");
    throw method === "password" ? credentialsInvalid() : factorInvalid();
  }
  await renewHash(services, member.id, member.passwordHash, password);
  return id;
}

type Member = NonNullable<Awaited<ReturnType<typeof findByEmail>>>;

const findByEmail = ({ db }: AuthServices, email: string) =>
  db.member.findUnique({
    where: { email },
    select: {
      id: true,
      authVersion: true,
      disabledAt: true,
      passwordHash: true,
      totpSecret: true,
      totpLastStep: true,
      _count: { select: { passkeys: true, recoveryCodes: { where: { usedAt: null } } } },
    },
  });

/** Whether the address is known or not, failures are counted under it; a typed text is not kept as it is: it may be a password. */
const accountOf = ({ sessionSecret }: AuthServices, email: string): string =>
  keyedHash(sessionSecret, "sign-in-account", email).toString("base64url").slice(0, 22);

function reasonOf(member: Member | null, isRight: boolean): string {
  if (member === null) {
    return "unknown";
  }
  return isRight ? "disabled" : "password_wrong";
}

/** What completes the right password. @throws SignInRefusal, AppError("LOCKED_OUT"). */
async function proofOf(
  services: AuthServices,
  member: Member,
  { code, recoveryCode }: z.output<typeof Input>,
  familiar: boolean,
  origin: CallOrigin,
  refused: Refused,
): Promise<{ method: SessionMethod; useProof: UseProof }> {
  const { passkeys, recoveryCodes } = member._count;
  if (member.totpSecret === null && passkeys === 0) {
    return { method: "password", useProof: () => Promise.resolve(true) };
  }
  if (recoveryCode !== undefined && recoveryCode !== "") {
    const typed = RecoveryCodeText.safeParse(recoveryCode);
    if (!typed.success) {
      throw factorInvalid();
    }
    return {
      method: "recovery_code",
      useProof: await checkRecoveryCode(services, member.id, typed.data, origin, refused),
    };
  }
  if (code === undefined || code === "" || member.totpSecret === null) {
    const kinds = [
      ...(member.totpSecret === null ? [] : ["totp"]),
      ...(passkeys === 0 ? [] : ["passkey"]),
      ...(recoveryCodes === 0 ? [] : ["recovery"]),
    ];
    throw new SignInRefusal(
      `${SIGN_IN_REFUSAL.secondFactor}:${kinds.join(",")}`,
      "The second factor is needed as well.",
    );
  }
  const typed = TotpCode.safeParse(code);
  const useProof = await checkTotp(services, member, typed.success ? typed.data : "", familiar, origin, refused);
  if (useProof === null) {
    throw factorInvalid();
  }
  return { method: "totp", useProof };
}

const factorInvalid = (): SignInRefusal =>
  new SignInRefusal(
    SIGN_IN_REFUSAL.secondFactorInvalid,
    "The code is not right, or it was used before. Wait for the next one.",
  );

/** A hash made with less than today's parameters is made anew while the password is at hand. Never in the way of a sign-in. */
async function renewHash(
  { db, passwords, log }: AuthServices,
  memberId: string,
  passwordHash: string | null,
  password: string,
): Promise<void> {
  if (passwordHash === null || !passwords.isOutdated(passwordHash)) {
    return;
  }
  try {
    const next = await passwords.hash(password);
    await db.member.updateMany({ where: { id: memberId, passwordHash }, data: { passwordHash: next } });
  } catch (error) {
    log.warn({ err: error }, "a password hash could not be renewed");
  }
}
