/** AUTH-2 rotation under load, on two servers that share one database: nobody who switches within the grace notices, and nobody else gets on. */
import { Agent, request } from "undici";
import { afterAll, beforeAll, expect, it } from "vitest";
import { callApi } from "./support/api-client.ts";
import { startServer, type TestServer } from "./support/server.ts";

const REQUESTS_PER_SECOND = 200;
const SECONDS = 6;
const ROTATIONS = 3;
const GRACE_SECONDS = 4;

const LIMIT = "{ windowMs: 60000, maxRequests: 1000000 }";
const CONFIG = `{ security: { rateLimit: { global: ${LIMIT}, perUser: ${LIMIT}, perChannel: ${LIMIT} } } }`;

let one: TestServer;
let other: TestServer;
beforeAll(async () => {
  one = await startServer(CONFIG);
  other = await startServer(undefined, { sharing: one });
});
afterAll(async () => {
  await other.stop();
  await one.stop();
});

let host = 0;
/** From an address that nobody has failed from yet. */
async function statusOf(server: TestServer, token: string): Promise<number> {
  host += 1;
  const from = `127.9.${host >> 8}.${host & 255}`;
  return (await callApi(server.url, "/api/v1/whoami", { token, from })).status;
}

it("AUTH-2 at 200 requests a second not one fails, and each old secret is refused everywhere a second after its grace", async () => {
  let { token } = await one.token({ name: "busy", ownerId: "busy" });
  await expect.poll(() => statusOf(other, token), { timeout: 2_000 }).toBe(200);
  const agent = new Agent({ connections: 32 });
  const statuses = new Map<number, number>();
  let sent = 0;
  const calls: Promise<void>[] = [];
  const call = async (server: TestServer): Promise<void> => {
    const answer = await request(`${server.url}/api/v1/messages`, {
      dispatcher: agent,
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: '{"channel":"api","text":"/help"}',
    });
    await answer.body.dump();
    statuses.set(answer.statusCode, (statuses.get(answer.statusCode) ?? 0) + 1);
  };
  const replaced: { token: string; graceEndsAt: number }[] = [];
  const rotate = async (): Promise<void> => {
    const answer = await callApi(one.url, "/api/v1/tokens/rotate", {
      method: "POST",
      token,
      body: { graceSeconds: GRACE_SECONDS },
    });
    expect(answer.status).toBe(200);
    const next = String(answer.body?.["token"]);
    // A client switches when its new token works on every server; a second is the promise.
    for (const server of [one, other]) {
      await expect.poll(() => statusOf(server, next), { timeout: 1_000 }).toBe(200);
    }
    replaced.push({ token, graceEndsAt: Date.parse(String(answer.body?.["graceEndsAt"])) });
    token = next;
  };

  const started = performance.now();
  const rotations = (async () => {
    for (let count = 0; count < ROTATIONS; count += 1) {
      const due = started + ((count + 0.5) * SECONDS * 1000) / ROTATIONS;
      await new Promise((resolve) => setTimeout(resolve, due - performance.now()));
      await rotate();
    }
  })();
  while (performance.now() - started < SECONDS * 1000) {
    const due = Math.floor(((performance.now() - started) * REQUESTS_PER_SECOND) / 1000);
    for (; sent < due; sent += 1) {
      calls.push(call(sent % 2 === 0 ? one : other));
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await Promise.all(calls);
  await rotations;
  await agent.close();

  expect([...statuses]).toEqual([[200, sent]]);
  expect(sent).toBeGreaterThan(REQUESTS_PER_SECOND * SECONDS * 0.9);
  for (const { token: old, graceEndsAt } of replaced) {
    for (const server of [one, other]) {
      await expect
        .poll(() => statusOf(server, old), { timeout: Math.max(0, graceEndsAt - Date.now()) + 1_000 })
        .toBe(401);
    }
  }
});
