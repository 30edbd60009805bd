/** Rights come from the server's own record of a credential, never from what a request says about itself. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callApi, say } from "../support/api-client.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let reader: string;

beforeAll(async () => {
  server = await startServer();
  ({ token: reader } = await server.token({ name: "reader", role: "readonly", ownerId: "reader" }));
});
afterAll(() => server.stop());

const CLAIMS: Record<string, string>[] = [
  { "x-openclaw-scopes": "*", "x-scopes": "operator.admin", scope: "*" },
  { "x-openclaw-role": "admin", "x-role": "admin", role: "admin" },
  { "x-forwarded-user": "admin", "x-auth-request-user": "admin", "x-remote-user": "root", "remote-user": "root" },
  { "x-sender-is-owner": "true", senderisowner: "true", "x-openclaw-owner": "1" },
  { cookie: "role=admin; scopes=*; senderIsOwner=true" },
];

describe("CVE-2026-53821 GHSA-rqpp-rjj8-7wv8 CVE-2026-44118 CVE-2026-53832 claims in headers", () => {
  it.each(CLAIMS)("%j changes nothing", async (headers) => {
    const run = await callApi(server.url, "/api/v1/messages", {
      method: "POST",
      token: reader,
      headers,
      body: { channel: "api", text: "/run sh\nid" },
    });
    expect(run.status).toBe(403);
    expect(run.body?.error?.details?.["reason"]).toBe("command_not_in_role");
    expect(await server.events(run.requestId)).toMatchObject([{ event: "access.denied", outcome: "denied" }]);
    const who = await callApi(server.url, "/api/v1/whoami", { token: reader, headers });
    expect(who.body).toMatchObject({ role: "readonly", permissions: ["read"] });
  });
});

describe("CVE-2026-44118 GHSA-rqpp-rjj8-7wv8 claims in the body", () => {
  it.each([
    "role",
    "scopes",
    "permissions",
    "senderIsOwner",
    "owner",
    "isAdmin",
    "principal",
    "__proto__",
    "constructor",
  ])("the field %s is refused by name", async (field) => {
    const body = `{"channel":"api","text":"/help","${field}":"admin"}`;
    const called = await callApi(server.url, "/api/v1/messages", { method: "POST", token: reader, body });
    expect(called.status).toBe(400);
    expect(called.body?.error?.message).toContain(field);
  });
});

describe("CVE-2026-28472 a credential that is merely present", () => {
  it.each<Record<string, string>>([
    { authorization: "Bearer" },
    { authorization: "Bearer undefined" },
    { authorization: "Bearer null" },
    { authorization: "Bearer [object Object]" },
    { "x-api-key": "x" },
    { "x-device-token": "anything", "x-device-id": "1" },
  ])("%j opens nothing", async (headers) => {
    const called = await callApi(server.url, "/api/v1/whoami", { headers, from: "127.0.9.1" });
    expect(called.status).toBeOneOf([401, 429]);
  });
});

describe("GHSA-943q-mwmv-hhvh calling a tool directly instead of by message", () => {
  it("POST /api/v1/runs is refused for whom /run is refused, with the same reason, on record", async () => {
    const direct = await callApi(server.url, "/api/v1/runs", {
      method: "POST",
      token: reader,
      body: { language: "sh", code: "id" },
    });
    const message = await say(server.url, reader, "/run sh\nid");
    expect([direct.status, direct.body?.error?.details]).toEqual([403, message.body?.error?.details]);
    expect(await server.events(direct.requestId)).toMatchObject([{ event: "access.denied" }]);
    expect(await server.sql("SELECT id FROM run")).toEqual([]);
  });

  it("a token whose scopes leave out runs:create cannot run code although its role may", async () => {
    const { token } = await server.token({ name: "narrow", scopes: ["read", "messages:send"], ownerId: "narrow" });
    const called = await callApi(server.url, "/api/v1/runs", {
      method: "POST",
      token,
      body: { language: "sh", code: "id" },
    });
    expect([called.status, called.body?.error?.details?.["reason"]]).toEqual([403, "scope_missing"]);
  });
});
