/** What every way to sign in does with an attempt: wait, count, record, refuse. */
import type { AuditEventName } from "#server/audit/index.ts";
import type { Actor } from "#server/audit/schema.ts";
import type { Attempt } from "#server/auth/attempt-limiter.ts";
import { SIGN_IN_REFUSAL } from "#server/auth/policy.ts";
import type { AuthServices, CallOrigin } from "#server/auth/services.ts";
import { AppError } from "#server/core/errors.ts";

/** A sign-in that is refused; `word` is all that the browser gets to know. */
export class SignInRefusal extends AppError {
  readonly word: string;

  constructor(word: string, message: string) {
    super("UNAUTHENTICATED", message, { details: { refusal: word } });
    this.word = word;
  }
}

/** What is put on record of an attempt that is refused. */
export interface Refused {
  event: AuditEventName;
  /** The member concerned, where one is known. */
  target?: string | undefined;
  /** Whoever is signed in already; default: nobody is known, only the address. */
  actor?: Actor | undefined;
}

/** Records a refusal before it is answered. Many at once from one address share records, and every one is counted. */
export async function recordRefusal(
  services: Pick<AuthServices, "refusals">,
  origin: CallOrigin,
  { event, target, actor = { type: "anonymous", id: origin.address } }: Refused,
  reason: string,
): Promise<void> {
  await services.refusals.record(`${event}|${origin.address}|${reason}|${target ?? ""}`, {
    event,
    outcome: "denied",
    actor,
    address: origin.address,
    requestId: origin.requestId,
    target,
    reason,
  });
}

/** @throws AppError("LOCKED_OUT") while this attempt has to wait; that is on record. */
export async function refuseWhileWaiting(
  services: Pick<AuthServices, "attempts" | "refusals">,
  attempt: Attempt,
  origin: CallOrigin,
  refused: Refused,
): Promise<void> {
  const waitMs = services.attempts.waitMs(attempt);
  if (waitMs > 0) {
    await recordRefusal(services, origin, refused, "locked_out");
    const seconds = Math.ceil(waitMs / 1000);
    throw new AppError("LOCKED_OUT", `Too many failed attempts. Try again in ${seconds} s.`, {
      retryAfterSeconds: seconds,
    });
  }
}

/** Counts a wrong proof and records it. */
export async function failed(
  services: Pick<AuthServices, "attempts" | "refusals">,
  attempt: Attempt,
  origin: CallOrigin,
  refused: Refused,
  reason: string,
): Promise<void> {
  // Before anything is awaited: of many guesses at once each must see those before it.
  services.attempts.failed(attempt);
  await recordRefusal(services, origin, refused, reason);
}

export const credentialsInvalid = (): SignInRefusal =>
  new SignInRefusal(
    SIGN_IN_REFUSAL.credentials,
    "The address or the password is not right, or this member may not sign in.",
  );
