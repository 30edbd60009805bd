/** Signs in with a set-up link: limit, use up the link, open a session, and record it, all or nothing. */
import { recordEvents } from "#server/audit/index.ts";
import { SetupCode } from "#server/auth/schema.ts";
import type { AuthServices, CallOrigin } from "#server/auth/services.ts";
import { openSession } from "#server/auth/session.ts";
import { consumeSetupLink, OPERATOR } from "#server/auth/setup-link.ts";
import { SURFACES } from "#server/auth/surfaces.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError } from "#server/core/errors.ts";

/**
 * The id of a new session.
 * @throws AppError("UNAUTHENTICATED") for any code that opens nothing, always with the same words;
 * AppError("LOCKED_OUT") while the address has to wait.
 */
export async function signInWithSetupLink(services: AuthServices, input: unknown, origin: CallOrigin): Promise<string> {
  const { db, audit, clock, attempts } = services;
  const { credential, rejected } = SURFACES.sign_in;
  // The code names no account: an address that guesses waits, with the right code too.
  const attempt = { kind: credential, address: origin.address, account: null };
  const refused = {
    event: rejected,
    outcome: "denied",
    actor: { type: "anonymous", id: origin.address },
    address: origin.address,
    requestId: origin.requestId,
  } as const;

  const waitMs = attempts.waitMs(attempt);
  if (waitMs > 0) {
    await services.refusals.record(`${rejected}|${origin.address}`, { ...refused, reason: "locked_out" });
    const seconds = Math.ceil(waitMs / 1000);
    throw new AppError("LOCKED_OUT", `Too many failed attempts from this address. Try again in ${seconds} s.`, {
      retryAfterSeconds: seconds,
    });
  }

  const code = SetupCode.safeParse(input);
  const now = new Date(clock.now());
  const sessionId = !code.success
    ? null
    : await withTx(db, async (tx) => {
        const linkId = await consumeSetupLink(tx, code.data, now);
        if (linkId === null) {
          return null;
        }
        const id = await openSession(services, tx, OPERATOR.id, origin, now);
        await recordEvents(tx, [
          {
            event: "auth.console_link_used",
            outcome: "ok",
            actor: OPERATOR,
            target: linkId,
            address: origin.address,
            requestId: origin.requestId,
          },
        ]);
        return id;
      });
  if (sessionId === null) {
    attempts.failed(attempt);
    await audit.append([{ ...refused, reason: "link_invalid" }]);
    throw new AppError(
      "UNAUTHENTICATED",
      "This set-up link is not valid: it is wrong, expired or was already used. Make a new one with `openclaw console link`.",
    );
  }
  return sessionId;
}
