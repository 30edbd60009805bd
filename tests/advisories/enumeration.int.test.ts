/** User enumeration: what is not yours answers exactly like what does not exist. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { callApi } from "../support/api-client.ts";
import { announceEngine, startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let owner: string;
let stranger: string;

beforeAll(async () => {
  server = await startServer();
  await announceEngine(server);
  const scopes = ["read", "write", "tokens:rotate", "tokens:revoke"];
  ({ token: owner } = await server.token({ name: "owner", ownerId: "owner", scopes }));
  ({ token: stranger } = await server.token({ name: "stranger", ownerId: "stranger", scopes }));
});
afterAll(() => server.stop());

async function answerTo(method: string, path: string, id: string) {
  const called = await callApi(server.url, path.replace(":id", id), { method, token: stranger });
  // Headers that name the request or where a limit stands differ from call to call whatever is asked for.
  const body = called.text.replaceAll(id, "(id)").replaceAll(called.requestId, "(request)");
  return { status: called.status, body, headers: Object.keys(called.headers).sort() };
}

it.each([
  ["GET", "/api/v1/runs/:id"],
  ["GET", "/api/v1/runs/:id/events"],
  ["DELETE", "/api/v1/runs/:id"],
])("user enumeration: %s %s", async (method, path) => {
  const run = await callApi(server.url, "/api/v1/runs", {
    method: "POST",
    token: owner,
    headers: { prefer: "respond-async" },
    body: { language: "sh", code: "true" },
  });
  const theirs = String(run.body?.runId);
  const invented = `run_${"0".repeat(20)}`;
  expect((await callApi(server.url, `/api/v1/runs/${theirs}`, { token: owner })).status).toBe(200);
  expect(await answerTo(method, path, theirs)).toEqual(await answerTo(method, path, invented));
  expect((await answerTo(method, path, theirs)).status).toBe(404);
});

it.each([
  ["DELETE", "/api/v1/tokens/:id"],
  ["POST", "/api/v1/tokens/:id/rotate"],
])("CVE-2026-41909 user enumeration: %s %s", async (method, path) => {
  const { id } = await server.token({ name: "theirs", ownerId: "owner" });
  expect(await answerTo(method, path, id)).toEqual(await answerTo(method, path, "000000000000"));
  expect((await answerTo(method, path, id)).status).toBe(404);
  const [row] = await server.sql<{ gone: boolean }>("SELECT revoked_at IS NOT NULL AS gone FROM token WHERE id = $1", [
    id,
  ]);
  expect(row?.gone).toBe(false);
});

it("user enumeration: an invented, a wrong, a revoked and an expired token are told alike", async () => {
  const revoked = await server.token({ name: "revoked", ownerId: "r1" });
  const expired = await server.token({ name: "expired", ownerId: "r2" });
  await server.sql("UPDATE token SET revoked_at = now() WHERE id = $1", [revoked.id]);
  await server.sql("UPDATE token SET expires_at = now() - interval '1 minute' WHERE id = $1", [expired.id]);
  let host = 0;
  const told = async (token: string) => {
    host += 1;
    const called = await callApi(server.url, "/api/v1/whoami", { token, from: `127.5.0.${host}` });
    return {
      status: called.status,
      body: called.text.replaceAll(called.requestId, ""),
      headers: Object.keys(called.headers).sort(),
    };
  };
  await expect.poll(async () => (await told(expired.token)).status, { timeout: 2_000 }).toBe(401);
  const answers = await Promise.all(
    [
      revoked.token,
      expired.token,
      owner.slice(0, -8) + "AAAAAAAA",
      "nonsense",
      `ocg_${"0".repeat(12)}_${"A".repeat(43)}AAAAAA`,
    ].map(told),
  );
  expect(answers).toEqual(answers.map(() => answers[0]));
});
