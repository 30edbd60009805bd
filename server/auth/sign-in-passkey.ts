/** Signs in with a passkey that names its owner itself; the authenticator has verified the person, so it counts as both factors. */
import { SIGN_IN_REFUSAL } from "#server/auth/policy.ts";
import type { Attempt } from "#server/auth/attempt-limiter.ts";
import { consumeChallenge } from "#server/auth/challenges.ts";
import { finishSignIn } from "#server/auth/finish-sign-in.ts";
import { readAuthentication, type StoredPasskey } from "#server/auth/passkeys.ts";
import { failed, refuseWhileWaiting, SignInRefusal } from "#server/auth/refusals.ts";
import { PasskeyResponse } from "#server/auth/schema.ts";
import type { UseProof } from "#server/auth/second-factor.ts";
import type { AuthServices, CallOrigin } from "#server/auth/services.ts";

const EVENT = "auth.sign_in_failed";

/** The id of a new session. @throws SignInRefusal, always with the same words; AppError("LOCKED_OUT"). */
export async function signInWithPasskey(services: AuthServices, input: unknown, origin: CallOrigin): Promise<string> {
  const attempt: Attempt = { kind: "passkey", address: origin.address, account: null };
  await refuseWhileWaiting(services, attempt, origin, { event: EVENT });
  const response = parse(input);
  const passkey = response === null ? null : await findPasskey(services, response.id);
  const answer = passkey === null ? null : await readAuthentication(services, "sign_in", passkey, response);
  const id =
    passkey === null || answer === null
      ? null
      : await finishSignIn(
          services,
          passkey.member,
          { method: "passkey", factorProven: true },
          origin,
          usePasskey(passkey, answer),
        );
  if (id === null) {
    await failed(services, attempt, origin, { event: EVENT, target: passkey?.memberId }, "passkey_invalid");
    throw new SignInRefusal(SIGN_IN_REFUSAL.passkey, "This passkey opens nothing here. Sign in with your password.");
  }
  return id;
}

/** Uses up the challenge and moves the counter on, as part of a transaction. */
export function usePasskey(
  passkey: StoredPasskey & { id: string },
  { counter, challenge }: { counter: bigint; challenge: string },
): UseProof {
  return async (tx, now) => {
    if (!(await consumeChallenge(tx, challenge, now))) {
      return false;
    }
    const { count } = await tx.passkey.updateMany({
      where: { id: passkey.id, counter: passkey.counter },
      data: { counter, lastUsedAt: now },
    });
    return count === 1;
  };
}

const findPasskey = ({ db }: AuthServices, credentialId: string) =>
  db.passkey.findUnique({
    where: { credentialId },
    include: { member: { select: { id: true, authVersion: true } } },
  });

/** Form fields are text: the answer comes as JSON inside one. */
function parse(input: unknown): { id: string } | null {
  try {
    const parsed = PasskeyResponse.safeParse(typeof input === "string" ? JSON.parse(input) : input);
    return parsed.success ? parsed.data : null;
  } catch (error) {
    if (error instanceof SyntaxError) {
      return null;
    }
    throw error;
  }
}
