/** Requests a hostile page, a hostile name server or a hostile client would make. The routes are attacked, not the page. */
import { request as httpRequest } from "node:http";
import type { APIRequestContext, BrowserContextOptions } from "@playwright/test";
import { eventsOf } from "../support/cli.ts";
import { E2E_PORT, ORIGIN } from "../support/environment.ts";
import { expect, test } from "../support/fixtures.ts";

const STATUS = "/api/trpc/overview.status";

/** A client with the cookie of a live session, whose other headers the test chooses. */
async function withSession<T>(
  newContext: (options: {
    storageState: BrowserContextOptions["storageState"];
    baseURL: string;
  }) => Promise<APIRequestContext>,
  session: BrowserContextOptions["storageState"],
  work: (client: APIRequestContext) => Promise<T>,
): Promise<T> {
  const client = await newContext({ storageState: session, baseURL: ORIGIN });
  try {
    return await work(client);
  } finally {
    await client.dispose();
  }
}

/** Plain node:http, since browsers' clients do not let anyone choose Host. */
function rawGet(
  path: string,
  headers: Record<string, string>,
): Promise<{ status: number; location: string; requestId: string; body: string }> {
  return new Promise((resolve, reject) => {
    const call = httpRequest({ host: "127.0.0.1", port: Number(E2E_PORT), path, headers }, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString("utf8")));
      response.on("end", () => {
        const { location = "", "x-request-id": requestId } = response.headers;
        resolve({ status: response.statusCode ?? 0, location, requestId: String(requestId), body });
      });
    });
    call.on("error", reject);
    call.end();
  });
}

test("without a session pages redirect and the API says 401", async ({ request }) => {
  for (const path of ["/", "/overview"]) {
    const page = await request.get(path);
    expect(new URL(page.url()).pathname).toBe("/sign-in");
  }
  expect((await request.get(STATUS)).status()).toBe(401);
  expect((await request.get("/overview", { maxRedirects: 0, headers: { rsc: "1" } })).status()).toBe(307);
});

test("a foreign origin is refused although the session is good", async ({ playwright, session }) => {
  await withSession(
    (options) => playwright.request.newContext(options),
    session,
    async (client) => {
      expect((await client.get(STATUS)).status()).toBe(200);
      expect((await client.get(STATUS, { headers: { origin: "https://evil.example" } })).status()).toBe(403);
      expect((await client.get(STATUS, { headers: { "sec-fetch-site": "cross-site" } })).status()).toBe(403);
      expect((await client.get(STATUS, { headers: { origin: "null" } })).status()).toBe(403);
      expect((await client.post("/api/auth/signout", { form: { csrfToken: "x" } })).status()).toBe(403);
      const crossPost = await client.post("/api/auth/signout", {
        form: { csrfToken: "x" },
        headers: { origin: "https://evil.example" },
      });
      expect(crossPost.status()).toBe(403);
      expect((await client.get(STATUS)).status()).toBe(200);
    },
  );
});

test("a forged Host is refused everywhere, and forwarded names change nothing", async () => {
  const ids: string[] = [];
  for (const path of ["/sign-in", "/setup", "/overview", STATUS, "/api/auth/csrf", "/_next/static/x.js"]) {
    const answer = await rawGet(path, { host: `evil.example:${E2E_PORT}` });
    expect(answer.status).toBe(421);
    expect(answer.body).not.toContain("evil.example");
    ids.push(answer.requestId);
  }
  // A flood of them shares records; the first always has its own.
  const [first = ""] = ids;
  await expect.poll(() => eventsOf(first)).toMatchObject([{ event: "network.origin_refused", outcome: "denied" }]);
  for (const header of ["x-forwarded-host", "forwarded", "x-host"]) {
    const answer = await rawGet("/overview", { host: `127.0.0.1:${E2E_PORT}`, [header]: "evil.example" });
    expect(answer.location).toBe("/sign-in");
    const providers = await rawGet("/api/auth/providers", { host: `127.0.0.1:${E2E_PORT}`, [header]: "evil.example" });
    expect(providers.body).toContain(ORIGIN);
    expect(providers.body).not.toContain("evil.example");
  }
});

test("CVE-2025-29927 the x-middleware-subrequest header opens nothing", async ({ request }) => {
  const names = ["middleware", "src/middleware", "pages/_middleware", "proxy"];
  const values = names.flatMap((name) => [name, Array<string>(5).fill(name).join(":")]);
  for (const value of values) {
    const headers = { "x-middleware-subrequest": value };
    expect((await request.get("/overview", { headers, maxRedirects: 0 })).status()).toBe(307);
    expect((await request.get(STATUS, { headers })).status()).toBe(401);
    expect((await request.get("/api/v1/whoami", { headers })).status()).toBe(401);
  }
});

test("CVE-2025-55182 a server action call finds nothing to run", async ({ request }) => {
  const headers = { "next-action": "0".repeat(42), origin: ORIGIN, "content-type": "text/plain;charset=UTF-8" };
  expect((await request.post("/sign-in", { headers, data: '["$F1"]' })).status()).toBeGreaterThanOrEqual(400);
});

test("one HTTP call carries at most ten procedures", async ({ request }) => {
  const batch = (size: number): string =>
    `/api/trpc/${Array<string>(size).fill("overview.status").join(",")}?batch=1&input=%7B%7D`;
  expect((await request.get(batch(10))).status()).toBe(401);
  expect((await request.get(batch(11))).status()).toBe(400);
  expect((await request.get(batch(100))).status()).toBe(400);
});

test("bodies are bounded before anybody is known", async ({ request }) => {
  const headers = { origin: ORIGIN, "content-type": "application/x-www-form-urlencoded" };
  const answer = await request.post("/api/auth/callback/password", { headers, data: "x".repeat(100_000) });
  expect(answer.status()).toBe(413);
});

test("a sign-in without the CSRF token is not one", async ({ request }) => {
  const answer = await request.post("/api/auth/callback/password", {
    headers: { origin: ORIGIN },
    form: { email: "x@example.com", password: "x", json: "true" },
  });
  expect(await answer.text()).not.toContain("/overview");
  expect((await request.get(STATUS)).status()).toBe(401);
});

test("altered, foreign and empty session cookies open nothing", async ({ request, session }) => {
  const good = session.cookies.find((cookie) => cookie.name === "openclaw-session")?.value ?? "";
  expect(good).not.toBe("");
  for (const value of ["", "x", good.slice(0, -4), `${good.slice(0, -4)}AAAA`, "a.b.c.d.e"]) {
    expect((await request.get(STATUS, { headers: { cookie: `openclaw-session=${value}` } })).status()).toBe(401);
  }
});
