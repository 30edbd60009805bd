import { encode } from "next-auth/jwt";
import { describe, expect, test } from "vitest";
import { authCookies, sessionCookieOf, sessionIdInCookie } from "#server/auth/session-cookie.ts";
import { webOrigin } from "#server/core/http/web-origin.ts";

const sessionSecret = "test-only-session-secret-0123456789abcdef";
const plain = { sessionSecret, web: webOrigin({ bind: "127.0.0.1", port: 18789, tls: false }) };
const secure = { sessionSecret, web: webOrigin({ bind: "127.0.0.1", port: 18789, tls: true }) };
const seal = (token: Record<string, unknown>, secret = sessionSecret, maxAge = 60) => encode({ token, secret, maxAge });

/** The session id in a Cookie header. */
async function sessionIdFromCookies(header: string | null, services: typeof plain): Promise<string | null> {
  const cookie = sessionCookieOf(header, services);
  return cookie === null ? null : sessionIdInCookie(cookie, services);
}

describe("cookie attributes", () => {
  test.each([true, false])("with TLS %s: HttpOnly, SameSite=Strict, host-only, Secure exactly under TLS", (tls) => {
    for (const { name, options } of Object.values(authCookies(tls))) {
      expect(options).toEqual({ httpOnly: true, sameSite: "strict", path: "/", secure: tls });
      expect(name.startsWith("__Host-")).toBe(tls);
    }
  });
});

describe("session id in the Cookie header", () => {
  test("is found among other cookies", async () => {
    const header = `a=b; openclaw-session=${await seal({ sid: "ses_1" })}; openclaw-theme=dark`;
    expect(await sessionIdFromCookies(header, plain)).toBe("ses_1");
  });

  test("under TLS only the cookie that the browser protects counts", async () => {
    const sealed = await seal({ sid: "ses_1" });
    expect(await sessionIdFromCookies(`__Host-openclaw-session=${sealed}`, secure)).toBe("ses_1");
    expect(await sessionIdFromCookies(`openclaw-session=${sealed}`, secure)).toBeNull();
  });

  test.each([
    null,
    "",
    "openclaw-session=",
    "openclaw-session",
    "openclaw-session=a.b.c.d.e",
    "xopenclaw-session=x",
    `openclaw-session=${"x".repeat(9_000)}`,
  ])("%j holds none", async (header) => {
    expect(await sessionIdFromCookies(header, plain)).toBeNull();
  });

  test("content sealed with another secret, out of date, or of another shape holds none", async () => {
    const sealed = [
      await seal({ sid: "ses_1" }, "another-secret-another-secret-another"),
      await seal({ sid: "ses_1" }, sessionSecret, -60),
      await seal({ sub: "ses_1" }),
      await seal({ sid: 7 }),
    ];
    for (const content of sealed) {
      expect(await sessionIdFromCookies(`openclaw-session=${content}`, plain)).toBeNull();
    }
  });
});
