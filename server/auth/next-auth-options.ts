/**
 * next-auth set up as the sign-in ceremony and cookie keeper only: CSRF token, encrypted cookie, sign-out. Whether a session lives is
 * decided by its row (session.ts). Built per request, so that the ceremony knows the caller's address and can report a failed sign-out.
 */
import type { AuthOptions } from "next-auth";
import type { JWT } from "next-auth/jwt";
import CredentialsProvider from "next-auth/providers/credentials";
import { onOccasion } from "#server/audit/index.ts";
import { AFTER_SIGN_IN, SESSION_ABSOLUTE_MS, SIGN_IN_PAGE, SIGN_IN_REFUSAL } from "#server/auth/policy.ts";
import type { AuthServices, CallOrigin } from "#server/auth/services.ts";
import { acceptInvitation } from "#server/auth/accept-invitation.ts";
import { signOut } from "#server/auth/end-sessions.ts";
import { SignInRefusal } from "#server/auth/refusals.ts";
import { findSession } from "#server/auth/session.ts";
import { authCookies, sessionIdOf } from "#server/auth/session-cookie.ts";
import { signInWithPasskey } from "#server/auth/sign-in-passkey.ts";
import { signInWithPassword } from "#server/auth/sign-in-password.ts";
import { pinAuthOrigin } from "#server/core/env.ts";
import { isAppError } from "#server/core/errors.ts";

/** @param onSignOutFailure called when the session's row could not be ended; the caller must then not claim success. */
export function authOptions(
  services: AuthServices,
  origin: CallOrigin,
  onSignOutFailure: (error: unknown) => void,
): AuthOptions {
  const { web, sessionSecret, log } = services;
  // The library takes its own address from the environment and nowhere else; never from the request's Host.
  pinAuthOrigin(web.canonical);
  const provider = (id: string, fields: readonly string[], signIn: (fields: Fields) => Promise<string>) =>
    CredentialsProvider({
      id,
      name: id,
      credentials: Object.fromEntries(fields.map((field) => [field, {}])),
      async authorize(typed) {
        try {
          return { id: await signIn(Object.fromEntries(fields.map((field) => [field, typed?.[field]]))) };
        } catch (error) {
          throw new Error(refusalWord(error, services), { cause: error });
        }
      },
    });
  return {
    secret: sessionSecret,
    useSecureCookies: web.tls,
    cookies: authCookies(web.tls),
    session: { strategy: "jwt", maxAge: SESSION_ABSOLUTE_MS / 1000 },
    pages: { signIn: SIGN_IN_PAGE, signOut: SIGN_IN_PAGE, error: SIGN_IN_PAGE },
    providers: [
      provider("password", ["email", "password", "code", "recoveryCode"], (fields) =>
        signInWithPassword(services, fields, origin),
      ),
      provider("passkey", ["response"], ({ response }) => signInWithPasskey(services, response, origin)),
      provider("invitation", ["code", "name", "email", "password"], (fields) =>
        acceptInvitation(services, fields, origin),
      ),
    ],
    callbacks: {
      async jwt({ token, user }): Promise<JWT> {
        if (user !== undefined) {
          return { sid: user.id };
        }
        const id = sessionIdOf(token);
        if (id === null || (await findSession(services, id, { active: false })) === null) {
          throw new Error("the session has ended");
        }
        return { sid: id };
      },
      session: ({ session }) => ({ expires: session.expires }),
      redirect: ({ baseUrl }) => `${baseUrl}${AFTER_SIGN_IN}`,
    },
    events: {
      async signOut({ token }) {
        const id = sessionIdOf(token);
        try {
          if (id !== null) {
            await onOccasion({ requestId: origin.requestId, address: origin.address }, () => signOut(services, id));
          }
        } catch (error) {
          onSignOutFailure(error);
        }
      },
    },
    logger: {
      error: (code, metadata) =>
        log.warn({ event: code, err: metadata instanceof Error ? metadata : undefined }, "sign-in library"),
      warn: () => undefined,
      debug: () => undefined,
    },
  };
}

type Fields = Record<string, string | undefined>;

/** The refusal as one word for the sign-in page; anything unexpected is logged here and shown as "unavailable". */
function refusalWord(error: unknown, { log }: AuthServices): string {
  if (error instanceof SignInRefusal) {
    return error.word;
  }
  if (isAppError(error) && (error.code === "LOCKED_OUT" || error.code === "BUSY")) {
    return `${SIGN_IN_REFUSAL.wait}:${error.retryAfterSeconds ?? 1}`;
  }
  if (isAppError(error) && error.code === "LOCKED") {
    return `${SIGN_IN_REFUSAL.locked}:${error.message}`;
  }
  log.error({ err: error }, "sign-in failed");
  return SIGN_IN_REFUSAL.unavailable;
}
