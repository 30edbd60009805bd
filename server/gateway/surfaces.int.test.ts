/** GHSA-xq8g: nothing answers outside the list of auth surfaces, and each of them refuses, records and slows down. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Agent, request } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../tests/support/server.ts";
import { AUDIT_EVENTS } from "#server/audit/events.ts";
import { CONSOLE_SURFACES, SURFACES } from "#server/auth/surfaces.ts";
import { createPool } from "#server/core/db/pool.ts";
import { createGatewayApp } from "#server/gateway/http.ts";
import { ALL_ROUTES, PUBLIC_PATHS } from "#server/gateway/routes.ts";
import type { GatewayServices } from "#server/gateway/services.ts";

const APP = join(import.meta.dirname, "../../app");

/** Enrolling a second factor is what a session without one is for, and being told so is what a locked one is for. */
const GUARDS: Readonly<Record<string, RegExp>> = {
  "(auth)/enrol/page.tsx": /await requireSession\(\)/,
  "(auth)/locked/page.tsx": /await requireLocked\(\)/,
};

/** Stands for services that no test here may reach. */
const untouched = new Proxy(
  {},
  {
    get: (_target, name) => {
      throw new Error(`${String(name)} was reached`);
    },
  },
) as GatewayServices;

describe("GHSA-xq8g every way in is a known surface", () => {
  it("the API's app serves the listed routes, the listed public paths and nothing else", () => {
    // Connects only when asked, which nothing here does.
    const pool = createPool({ connectionString: "postgresql://nobody@127.0.0.1:1/nothing", name: "test", max: 1 });
    const app = createGatewayApp({ services: untouched, health: { pool, isServing: () => true }, version: "0" });
    const served = new Set(app.routes.filter(({ method }) => method !== "ALL").map((r) => `${r.method} ${r.path}`));
    const listed = [
      ...ALL_ROUTES.map(({ method, path }) => `${method} ${path}`),
      ...PUBLIC_PATHS.map((path) => `GET ${path}`),
    ];
    expect([...served].sort()).toEqual(listed.sort());
  });

  it("the API's description names every route that there is, and none that there is not", async () => {
    const pool = createPool({ connectionString: "postgresql://nobody@127.0.0.1:1/nothing", name: "test", max: 1 });
    const app = createGatewayApp({ services: untouched, health: { pool, isServing: () => true }, version: "0" });
    const described = (await (await app.request("/openapi.json")).json()) as { paths: Record<string, object> };
    const operations = Object.entries(described.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const served = [
      ...ALL_ROUTES.map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`),
      ...PUBLIC_PATHS.filter((path) => path !== "/openapi.json").map((path) => `GET ${path}`),
    ];
    expect(operations.sort()).toEqual(served.sort());
  });

  it("the console's routes and pages are the declared ones, and every page behind a session asks for it itself", () => {
    const files = readdirSync(APP, { recursive: true, encoding: "utf8" }).filter((file) =>
      /(?:^|\/)(?:route\.ts|page\.tsx)$/.test(file),
    );
    expect(files.sort()).toEqual(Object.keys(CONSOLE_SURFACES).sort());
    const pages = files.filter((file) => file.endsWith("page.tsx") && CONSOLE_SURFACES[file] === "session");
    expect(pages.length).toBeGreaterThan(0);
    for (const page of pages) {
      const guard = GUARDS[page] ?? /await requirePage\(\)/;
      expect(readFileSync(join(APP, page), "utf8"), page).toMatch(guard);
    }
  });

  it.each(Object.entries(SURFACES))(
    "%s counts its failures and has an event for its refusals, or proves nothing",
    (_name, surface) => {
      expect(surface.credential === null).toBe(surface.rejected === null);
      if (surface.rejected !== null) {
        expect(AUDIT_EVENTS[surface.rejected].kind).toBe("authentication_failure");
      }
    },
  );
});

describe("CVE-2026-25593 CVE-2025-29927 every route of the API without a valid token", () => {
  let server: TestServer;
  let host = 0;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());

  async function attack(route: { method: string; path: string }, from: string, headers: Record<string, string>) {
    const agent = new Agent({ localAddress: from });
    const path = `${route.path.replaceAll(/:\w+/g, "xxxxxxxxxxxx")}?token=IN-ADDRESS&access_token=IN-ADDRESS`;
    const answer = await request(server.url + path, {
      dispatcher: agent,
      method: route.method,
      headers: { "content-type": "application/json", ...headers },
      body: route.method === "POST" ? "{}" : null,
    });
    const text = await answer.body.text();
    await agent.close();
    return { status: answer.statusCode, text, requestId: String(answer.headers["x-request-id"]) };
  }

  it.each(ALL_ROUTES)("$method $path", async (route) => {
    host += 1;
    const from = `127.0.1.${host}`;
    const tricks: Record<string, string>[] = [
      {},
      { "x-middleware-subrequest": "middleware:middleware:middleware:middleware:middleware" },
      { "x-forwarded-user": "admin", "x-openclaw-scopes": "*", "x-remote-user": "admin" },
      { authorization: "Basic YWRtaW46YWRtaW4=" },
      { cookie: "openclaw-session=IN-COOKIE; token=IN-COOKIE" },
      { authorization: "Bearer ocg_000000000000_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA000000" },
    ];
    for (const headers of tricks) {
      const { status, text, requestId } = await attack(route, from, headers);
      expect(status, JSON.stringify(headers)).toBe(401);
      expect(text).not.toMatch(/IN-(ADDRESS|COOKIE)/);
      expect(await server.events(requestId)).toMatchObject([{ event: "auth.token_rejected", outcome: "denied" }]);
    }
    let last = 0;
    for (let guess = 0; guess < 12 && last !== 429; guess += 1) {
      ({ status: last } = await attack(route, from, { authorization: `Bearer guess-number-${guess}` }));
    }
    expect(last).toBe(429);
  });

  it.each(PUBLIC_PATHS)("NET-7 GET %s says the same to everybody", async (path) => {
    const { token } = await server.token({ name: `reader of ${path}`, ownerId: path.slice(1, 8) });
    const asked = [{}, { authorization: `Bearer ${token}` }, { authorization: "Bearer wrong" }].map(async (headers) => {
      const answer = await request(server.url + path, { headers });
      return [answer.statusCode, await answer.body.text()];
    });
    const [stranger, ...others] = await Promise.all(asked);
    expect(stranger?.[0]).toBe(200);
    expect(others).toEqual([stranger, stranger]);
    expect(stranger?.[1]).not.toContain("/tmp");
  });
});
