/** The session cookie: its name, and the session id inside it. */
import { decode, encode } from "next-auth/jwt";
import type { CookiesOptions } from "next-auth";
import { SESSION_ABSOLUTE_MS } from "#server/auth/policy.ts";
import type { AuthServices } from "#server/auth/services.ts";

/** HttpOnly, SameSite=Strict, host-only, and Secure under TLS; the `__Host-` prefix makes the browser insist on it. */
export function authCookies(tls: boolean): Pick<CookiesOptions, "sessionToken" | "callbackUrl" | "csrfToken"> {
  const prefix = tls ? "__Host-" : "";
  const options = { httpOnly: true, sameSite: "strict", path: "/", secure: tls } as const;
  return {
    sessionToken: { name: `${prefix}openclaw-session`, options },
    callbackUrl: { name: `${prefix}openclaw-callback`, options },
    csrfToken: { name: `${prefix}openclaw-csrf`, options },
  };
}

/** The session cookie of a Cookie header as it was sent, or null. */
export function sessionCookieOf(header: string | null, { web }: Pick<AuthServices, "web">): string | null {
  const name = authCookies(web.tls).sessionToken.name;
  const token = header
    ?.split(";")
    .map((pair) => pair.trim())
    .find((pair) => pair.startsWith(`${name}=`))
    ?.slice(name.length + 1);
  return token === undefined || token === "" ? null : token;
}

/** The session id in a cookie, or null when it was not made by us or is out of date. Says nothing about the session's life. */
export async function sessionIdInCookie(
  token: string,
  { sessionSecret }: Pick<AuthServices, "sessionSecret">,
): Promise<string | null> {
  try {
    return sessionIdOf(await decode({ token, secret: sessionSecret }));
  } catch {
    // Not encrypted with our secret, altered or out of date.
    return null;
  }
}

/** The session id in decoded cookie content. */
export function sessionIdOf(content: unknown): string | null {
  const id = typeof content === "object" && content !== null && "sid" in content ? content.sid : null;
  return typeof id === "string" ? id : null;
}

/** A Set-Cookie header that gives the browser another session, as a sign-in does: for sessions that are replaced while somebody is at work. */
export async function setSessionCookie(
  id: string,
  { web, sessionSecret }: Pick<AuthServices, "web" | "sessionSecret">,
): Promise<string> {
  const { name } = authCookies(web.tls).sessionToken;
  const maxAge = SESSION_ABSOLUTE_MS / 1000;
  const token = await encode({ token: { sid: id }, secret: sessionSecret, maxAge });
  return `${name}=${token}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Strict${web.tls ? "; Secure" : ""}`;
}
