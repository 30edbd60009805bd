/** The session cookie: its name, and the session id inside it. */
import { decode } from "next-auth/jwt";
import type { CookiesOptions } from "next-auth";
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

/** The session id in a Cookie header, or null when there is none or the cookie was not made by us. Says nothing about the session's life. */
export async function sessionIdFromCookies(
  header: string | null,
  { web, sessionSecret }: Pick<AuthServices, "web" | "sessionSecret">,
): Promise<string | null> {
  const name = authCookies(web.tls).sessionToken.name;
  const token = header
    ?.split(";")
    .map((pair) => pair.trim())
    .find((pair) => pair.startsWith(`${name}=`))
    ?.slice(name.length + 1);
  if (token === undefined || token === "") {
    return null;
  }
  try {
    return sessionIdOf(await decode({ token, secret: sessionSecret }));
  } catch {
    // Not encrypted with our secret, altered or out of date: the same as no cookie.
    return null;
  }
}

/** The session id in decoded cookie content. */
export function sessionIdOf(content: unknown): string | null {
  const id = typeof content === "object" && content !== null && "sid" in content ? content.sid : null;
  return typeof id === "string" ? id : null;
}
