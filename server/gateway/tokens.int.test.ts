import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { callApi, type Called } from "../../tests/support/api-client.ts";
import { RECORDED } from "../../tests/support/audit.ts";
import { startServer, type TestServer } from "../../tests/support/server.ts";
import { IssuedToken, ReplacedToken, RevokedToken, TokenPage } from "#server/tokens/schema.ts";

const LITERAL = "k3Zt9QwLx7VbN2mRf8Yc5HjP";
const config = (tokenConfig: object) =>
  JSON.stringify({ gateway: { token: LITERAL, tokenConfig }, security: { rateLimit: { enabled: false } } });

let server: TestServer;
let owners = 0;
/** Where the calls of a test come from: wrong tokens of one test hold up nobody in the next. */
let from = "";

beforeAll(async () => {
  server = await startServer(config({}));
  await server.sql(
    `INSERT INTO role (name, permissions, channels, commands) VALUES
     ('keeper', '{read,tokens:read,tokens:create,tokens:rotate,tokens:revoke}', '{api}', '{help}')`,
  );
  await server.sql("SELECT pg_notify('openclaw_policy', '{\"table\":\"role\"}')");
});
afterAll(() => server.stop());
beforeEach(() => {
  from = `127.0.${(owners += 1)}.1`;
});

const call = (token: string | undefined, method: string, path: string, more: Parameters<typeof callApi>[2] = {}) =>
  callApi(server.url, `/api/v1/tokens${path}`, { method, from, ...more, ...(token === undefined ? {} : { token }) });
const post = (token: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  call(token, "POST", path, { headers, ...(body === undefined ? {} : { body }) });
const whoami = async (token: string) => (await callApi(server.url, "/api/v1/whoami", { token, from })).status;
const heard = (token: string) => expect.poll(() => whoami(token), { timeout: 5_000, interval: 5 });
const newOwner = () => `owner${(owners += 1)}`;
const keeper = (input: object = {}) => server.token({ role: "keeper", ownerId: newOwner(), ...input });
const rowOf = async (id: string) =>
  (await server.sql<Record<string, unknown>>("SELECT * FROM token WHERE id = $1", [id]))[0];

/** A refusal as the caller and the record have it. */
async function refused(answer: Called, status: number, event: string, reason: string): Promise<void> {
  expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(`"requestId"`)]);
  const events = await server.events(answer.requestId);
  expect(events.at(-1)).toMatchObject({ event, reason, outcome: "denied" });
}

describe("POST /api/v1/tokens/refresh", () => {
  it("AUTH-6 exchanges a live token for a fresh one, on the wire as documented", async () => {
    const { id, token } = await keeper();
    const answer = await post(token, "/refresh");
    expect(answer.status).toBe(200);
    expect(answer.headers["cache-control"]).toBe("no-store");
    const next = ReplacedToken.strict().parse(answer.body);
    expect(next.replaces).toBe(id);
    await heard(next.token).toBe(200);
    expect(await whoami(token)).toBe(200);
    expect(await server.events(answer.requestId)).toMatchObject([{ event: "token.refreshed", actor_id: id }]);
    const [one, other] = [await rowOf(id), await rowOf(next.id)];
    expect(other).toMatchObject({ family_id: id, role_name: "keeper", owner_id: one?.["owner_id"] });
  });

  it("AUTH-6 a second exchange is answered like any wrong token, and ends the family on the next request", async () => {
    const { id, token } = await keeper();
    const next = ReplacedToken.parse((await post(token, "/refresh", { graceSeconds: 0 })).body);
    await heard(next.token).toBe(200);
    await heard(token).toBe(401);
    const reuse = await post(token, "/refresh");
    const wrong = await call(`${token.slice(0, -1)}!`, "POST", "/refresh");
    expect([reuse.status, reuse.body?.error?.message]).toEqual([401, wrong.body?.error?.message]);
    expect(Object.keys(reuse.headers)).toEqual(Object.keys(wrong.headers));
    await heard(next.token).toBe(401);
    const events = await server.events(reuse.requestId);
    expect(events.map(({ event, reason }) => [event, reason])).toEqual([
      ["token.reuse_detected", "exchanged_twice"],
      ["auth.token_rejected", "reused"],
    ]);
    expect(await rowOf(next.id)).toMatchObject({ revoked_reason: "reuse detected", family_id: id });
  });

  it("AUTH-6 the same Idempotency-Key gets the same answer, byte for byte; a bad one is named", async () => {
    const { token } = await keeper();
    const key = { "idempotency-key": randomUUID() };
    const first = await post(token, "/refresh", { graceSeconds: 0 }, key);
    await heard(token).toBe(401);
    const again = await post(token, "/refresh", { graceSeconds: 0 }, key);
    expect([again.status, again.text]).toEqual([200, first.text]);
    const other = await keeper();
    for (const bad of ["short", "x".repeat(129), "has a blank in the middle"]) {
      const answer = await post(other.token, "/refresh", undefined, { "idempotency-key": bad });
      expect([answer.status, answer.text]).toEqual([400, expect.stringContaining("Idempotency-Key")]);
    }
    expect(await rowOf(other.id)).toMatchObject({ successor_id: null });
  });

  it.each<[string, unknown]>([
    ["a grace of more than 300 s", { graceSeconds: 301 }],
    ["a negative grace", { graceSeconds: -1 }],
    ["a field that does not exist", { grace: 1 }],
    ["no object", []],
    ["no JSON", "{"],
  ])("AUTH-6 refuses %s and exchanges nothing", async (_name, body) => {
    const { id, token } = await keeper();
    const answer = await post(token, "/refresh", body);
    expect(answer.status).toBe(400);
    expect(await rowOf(id)).toMatchObject({ successor_id: null });
    expect(await server.events(answer.requestId)).toMatchObject([{ outcome: "denied" }]);
  });

  it("AUTH-6 a token without end is to be rotated, the one of the configuration cannot be exchanged", async () => {
    const endless = await keeper({ expiresInMs: null });
    await refused(await post(endless.token, "/refresh"), 400, "token.refused", "does_not_expire");
    expect(ReplacedToken.parse((await post(endless.token, "/rotate")).body).expiresAt).toBeNull();
    await refused(await post(LITERAL, "/refresh"), 403, "token.refused", "configured_token");
    await refused(await call(undefined, "POST", "/refresh"), 401, "auth.token_rejected", "missing");
  });

  it("AUTH-6 refreshEnabled false: refused by that name, and nothing is exchanged", async () => {
    const { id, token } = await keeper();
    writeFileSync(server.home.configFile, config({ refreshEnabled: false }), { mode: 0o600 });
    await expect
      .poll(async () => (await post((await keeper()).token, "/refresh")).status, { timeout: 10_000 })
      .toBe(403);
    const answer = await post(token, "/refresh");
    await refused(answer, 403, "token.refused", "refresh_disabled");
    expect(answer.body?.error?.message).toContain("gateway.tokenConfig.refreshEnabled");
    expect(await rowOf(id)).toMatchObject({ successor_id: null });
    expect((await post(token, "/rotate")).status).toBe(200);
    writeFileSync(server.home.configFile, config({}), { mode: 0o600 });
    await expect
      .poll(async () => (await post((await keeper()).token, "/refresh")).status, { timeout: 10_000 })
      .toBe(200);
  });
});

describe("POST /api/v1/tokens/rotate", () => {
  it("AUTH-2 GHSA-m8wm-xmxx gives a new secret with the old end; the old one ends at once when asked", async () => {
    const { id, token } = await keeper();
    const before = await rowOf(id);
    const next = ReplacedToken.parse((await post(token, "/rotate", { graceSeconds: 0 })).body);
    expect(next.expiresAt).toBe((before?.["expires_at"] as Date).toISOString());
    await heard(token).toBe(401);
    await heard(next.token).toBe(200);
  });

  it("AUTH-6 with a token that was exchanged before it ends the family", async () => {
    const { token } = await keeper();
    const next = ReplacedToken.parse((await post(token, "/refresh")).body);
    expect((await post(token, "/rotate")).status).toBe(401);
    await heard(next.token).toBe(401);
  });

  it("AUTH-6 with a token that an operator rotated it is told so, and ends nothing", async () => {
    const ownerId = newOwner();
    const { id, token } = await keeper({ ownerId });
    const admin = await server.token({ ownerId });
    const next = ReplacedToken.parse((await post(admin.token, `/${id}/rotate`)).body);
    await heard(next.token).toBe(200);
    const answer = await post(token, "/rotate");
    await refused(answer, 409, "token.refused", "superseded");
    expect([await whoami(token), await whoami(next.token)]).toEqual([200, 200]);
  });
});

describe("tokens of an owner", () => {
  it("AUTH-1 AUTH-3 are made, listed, rotated and revoked by another of its tokens", async () => {
    const ownerId = newOwner();
    const { id: keeperId, token } = await keeper({ ownerId });
    const made = await post(token, "", { name: "bot", role: "keeper", scopes: ["read"], channels: ["api"] });
    expect(made.status).toBe(201);
    const bot = IssuedToken.strict().parse(made.body);
    await heard(bot.token).toBe(200);
    expect(await rowOf(bot.id)).toMatchObject({ owner_id: ownerId, scopes: ["read"] });
    expect(await server.events(made.requestId)).toMatchObject([{ event: "token.created", actor_id: keeperId }]);

    const rotated = ReplacedToken.parse((await post(token, `/${bot.id}/rotate`, { graceSeconds: 60 })).body);
    const listed = await call(token, "GET", "");
    const page = TokenPage.parse(listed.body);
    expect(page.tokens.map(({ id, state }) => [id, state])).toEqual([
      [rotated.id, "active"],
      [bot.id, "superseded"],
      [keeperId, "active"],
    ]);
    for (const secret of [token, bot.token, rotated.token]) {
      expect(listed.text).not.toContain(secret.slice(18, 50));
    }
    const ended = await call(token, "DELETE", `/${rotated.id}`);
    expect(RevokedToken.parse(ended.body)).toEqual({ id: rotated.id, revoked: true });
    await heard(rotated.token).toBe(401);
    expect((await call(token, "DELETE", `/${rotated.id}`)).body).toMatchObject({ revoked: false });
    expect(await rowOf(rotated.id)).toMatchObject({ revoked_reason: "revoked over the API" });
  });

  it("AUTH-3 are listed in pages", async () => {
    const { token } = await keeper();
    const made = [
      await post(token, "", { name: "a", role: "readonly" }),
      await post(token, "", { name: "b", role: "keeper" }),
    ];
    expect(made.map(({ status }) => status)).toEqual([403, 201]);
    const first = TokenPage.parse((await call(token, "GET", "?limit=1")).body);
    const second = TokenPage.parse((await call(token, "GET", `?limit=1&cursor=${first.nextCursor ?? ""}`)).body);
    expect([...first.tokens, ...second.tokens].map(({ name }) => name)).toEqual(["b", "test"]);
    expect(second.nextCursor).toBeNull();
    for (const query of ["?limit=201", "?limit=0", "?cursor=nonsense", "?all=perhaps", "?what=1"]) {
      expect((await call(token, "GET", query)).status, query).toBe(400);
    }
  });

  it.each<[string, object]>([
    ["a broader role", { role: "admin" }],
    ["a role with other commands and channels", { role: "readonly" }],
    ["a scope its own lack", { role: "keeper", scopes: ["tokens:revoke"] }],
    ["its role's rights, when its scopes leave less", { role: "keeper" }],
    ["a longer life", { role: "keeper", scopes: ["read"], expiresInSeconds: 86_400 }],
    ["a life without end", { role: "keeper", scopes: ["read"], expiresInSeconds: null }],
    ["other addresses", { role: "keeper", scopes: ["read"], allowedIps: ["10.0.0.0/8"] }],
    ["any address", { role: "keeper", scopes: ["read"], allowedIps: [] }],
    ["another user", { role: "keeper", scopes: ["read"], user: "eve" }],
  ])("AUTHZ-6 CVE-2026-33579 a narrow one does not make one with %s", async (_name, input) => {
    const own = { scopes: ["read", "tokens:create"], allowedIps: ["127.0.0.0/8"], userId: "ana" };
    const { token } = await keeper(own);
    await heard(token).toBe(200);
    await refused(await post(token, "", { name: "child", ...input }), 403, "token.refused", "beyond_grant");
    const child = await post(token, "", { name: "child", role: "keeper", scopes: ["read"] });
    const { id } = IssuedToken.parse(child.body);
    expect(await rowOf(id)).toMatchObject({ user_id: "ana", allowed_ips: ["127.0.0.0/8"] });
  });

  it("AUTHZ-6 CVE-2026-33579 a broader one of the same owner is not rotated into the caller's hands", async () => {
    const ownerId = newOwner();
    const { token } = await keeper({ ownerId });
    const admin = await server.token({ ownerId });
    await refused(await post(token, `/${admin.id}/rotate`), 403, "token.refused", "beyond_grant");
    expect(await whoami(admin.token)).toBe(200);
    expect(await rowOf(admin.id)).toMatchObject({ successor_id: null });
  });

  it("CVE-2026-41909 those of another owner do not exist for it, without tokens:any_owner", async () => {
    const { token } = await keeper();
    const foreign = await keeper();
    for (const id of [foreign.id, "nosuchtoken0"]) {
      await refused(await post(token, `/${id}/rotate`), 404, "token.refused", "not_found");
      await refused(await call(token, "DELETE", `/${id}`), 404, "token.refused", "not_found");
    }
    const { owner_id: owner } = (await rowOf(foreign.id)) ?? {};
    await refused(await call(token, "GET", `?owner=${String(owner)}`), 403, "access.denied", "permission_missing");
    const asked = await post(token, "", { name: "x", role: "keeper", owner });
    await refused(asked, 403, "access.denied", "permission_missing");
    expect(TokenPage.parse((await call(token, "GET", "?all=true")).body).tokens.length).toBe(1);
    expect(await whoami(foreign.token)).toBe(200);

    const { token: admin } = await server.token({ ownerId: newOwner() });
    expect(TokenPage.parse((await call(admin, "GET", `?owner=${String(owner)}`)).body).tokens.length).toBe(1);
    expect((await call(admin, "DELETE", `/${foreign.id}`)).status).toBe(200);
    await heard(foreign.token).toBe(401);
  });

  it.each<[string, string, string]>([
    ["GET", "", "tokens:read"],
    ["POST", "", "tokens:create"],
    ["POST", "/nosuchtoken0/rotate", "tokens:rotate"],
    ["DELETE", "/nosuchtoken0", "tokens:revoke"],
  ])("AUTHZ-1 %s /api/v1/tokens%s needs %s, in role and scopes", async (method, path, permission) => {
    const weak = await server.token({ role: "readonly", ownerId: newOwner() });
    const narrowed = await keeper({ scopes: ["read"] });
    for (const { token } of [weak, narrowed]) {
      const answer = await call(token, method, path);
      await refused(answer, 403, "access.denied", "permission_missing");
      expect(answer.body?.error?.message).toContain(permission);
    }
  });

  it("AUTH-7 the sixth is refused with what could be revoked", async () => {
    const { token } = await keeper();
    const ask = () => post(token, "", { name: "one more", role: "keeper", scopes: ["read"] });
    const answers = [await ask(), await ask(), await ask(), await ask(), await ask()];
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 409]);
    expect(answers.at(-1)?.body?.error?.details).toMatchObject({ maxTokens: 5, live: expect.any(Array) as unknown[] });
  });

  it("answers bad input by naming the field, never with a 5xx", async () => {
    const { token } = await keeper();
    for (const body of [
      {},
      { name: "x" },
      { name: "x", role: "no such role" },
      { name: "x", role: "ghost" },
      { name: "x", role: "keeper", scopes: ["fly"] },
      { name: "x", role: "keeper", scopes: "read" },
      { name: "x", role: "keeper", allowedIps: ["10.0.0.0/99"] },
      { name: "\u0000", role: "keeper" },
      { name: "x", role: "keeper", expiresInSeconds: 0.5 },
      { name: "x", role: "keeper", id: "mine" },
      null,
      [],
    ]) {
      const answer = await post(token, "", body);
      expect([400, 403], JSON.stringify(body)).toContain(answer.status);
    }
    for (const id of ["%00", "..%2f..", "a".repeat(500), "%F0%9F%98%80"]) {
      for (const answer of [await post(token, `/${id}/rotate`), await call(token, "DELETE", `/${id}`)]) {
        expect([400, 404], id).toContain(answer.status);
      }
    }
  });
});

it("AUTH-1 GHSA-m8wm-xmxx no secret is on record or in the database after all this", async () => {
  const { token } = await keeper();
  const { body } = await post(token, "/refresh", undefined, { "idempotency-key": "this-key-is-nobody-elses" });
  const next = ReplacedToken.parse(body);
  const rows = await server.sql<{ text: string }>(
    `SELECT record::text AS text FROM ${RECORDED} AS record UNION ALL SELECT t::text FROM token AS t UNION ALL SELECT i::text FROM audit_intake AS i`,
  );
  const everything = rows.map(({ text }) => text).join("\n");
  expect(everything).toContain(next.id);
  for (const secret of [token.slice(18, 50), next.token.slice(18, 50), LITERAL, "this-key-is-nobody-elses"]) {
    expect(everything).not.toContain(secret);
  }
});
