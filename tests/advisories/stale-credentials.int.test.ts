/** GHSA-m8wm, GHSA-xmxx, CVE-2026-45005: a secret that was replaced or taken away opens nothing from then on, and what it had opened closes. */
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { request } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callApi, say } from "../support/api-client.ts";
import { announceEngine, startServer, type TestServer } from "../support/server.ts";

const FIRST = randomBytes(24).toString("base64url");
const SECOND = randomBytes(24).toString("base64url");
let server: TestServer;

beforeAll(async () => {
  server = await startServer(`{ gateway: { token: "${FIRST}" } }`);
  await announceEngine(server);
});
afterAll(() => server.stop());

/** A run that nobody works on, and its event stream: how long it stays open and what it said last. */
async function openStream(
  token: string,
  at: TestServer = server,
): Promise<{ ended: Promise<{ at: number; last: string }> }> {
  const run = await callApi(at.url, "/api/v1/runs", {
    method: "POST",
    token,
    headers: { prefer: "respond-async" },
    body: { language: "sh", code: "true" },
  });
  expect(run.status).toBe(202);
  const stream = await request(`${at.url}/api/v1/runs/${run.body?.runId ?? ""}/events`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect(stream.statusCode).toBe(200);
  const started = Promise.withResolvers<undefined>();
  const read = async (): Promise<{ at: number; last: string }> => {
    let said = "";
    for await (const chunk of stream.body) {
      said += String(chunk);
      started.resolve(undefined);
    }
    return { at: Date.now(), last: said.trim().split("\n\n").at(-1) ?? "" };
  };
  const ended = read();
  await started.promise;
  return { ended };
}

const runCount = async (): Promise<number> => (await server.sql("SELECT 1 FROM run")).length;

let host = 0;
/** Each question comes from an address of its own, so that the failures of one do not make the next wait. */
async function whoami(token: string): Promise<number> {
  host += 1;
  return (await callApi(server.url, "/api/v1/whoami", { token, from: `127.7.${host >> 8}.${host & 255}` })).status;
}

describe("GHSA-m8wm an open stream ends within a second of its token", () => {
  it("AUTH-2 revoked", async () => {
    const { id, token } = await server.token({ name: "revoked", ownerId: "revoked" });
    const { ended } = await openStream(token);
    const at = Date.now();
    await server.sql("UPDATE token SET revoked_at = now() WHERE id = $1", [id]);
    const end = await ended;
    expect(end.last).toContain('"code":"unauthenticated"');
    expect(end.at - at).toBeLessThan(1_000);
    expect(await whoami(token)).toBe(401);
  });

  it("AUTH-5 expired", async () => {
    const { token } = await server.token({ name: "expiring", ownerId: "expiring", expiresInMs: 2_500 });
    const expiresAt = Date.now() + 2_500;
    const { ended } = await openStream(token);
    const end = await ended;
    expect(end.last).toContain('"code":"unauthenticated"');
    expect(end.at - expiresAt).toBeLessThan(1_000);
  });

  it("AUTH-2 revoked while a call waits for its run: the result goes to nobody", async () => {
    const { id, token } = await server.token({ name: "waiting", ownerId: "waiting" });
    const before = await runCount();
    const waiting = say(server.url, token, "/run sh\ntrue");
    await expect.poll(runCount).toBe(before + 1);
    await server.sql("UPDATE token SET revoked_at = now() WHERE id = $1", [id]);
    const at = Date.now();
    const answer = await waiting;
    expect([answer.status, answer.body?.error?.code]).toEqual([401, "unauthenticated"]);
    expect(Date.now() - at).toBeLessThan(1_000);
  });

  it("and another token's stream stays open", async () => {
    const kept = await server.token({ name: "kept", ownerId: "kept" });
    const gone = await server.token({ name: "gone", ownerId: "gone" });
    const [keptStream, goneStream] = [await openStream(kept.token), await openStream(gone.token)];
    await server.sql("UPDATE token SET revoked_at = now() WHERE id = $1", [gone.id]);
    await goneStream.ended;
    expect(await Promise.race([keptStream.ended, Promise.resolve("open")])).toBe("open");
    await server.sql("UPDATE token SET revoked_at = now() WHERE id = $1", [kept.id]);
    await keptStream.ended;
  });
});

describe("a stop of the server", () => {
  it("ends open streams at once with the way on, instead of waiting for them", async () => {
    const stopping = await startServer();
    await announceEngine(stopping);
    const { token } = await stopping.token({ name: "reader", ownerId: "reader" });
    const { ended } = await openStream(token, stopping);
    const at = Date.now();
    await stopping.stop();
    expect((await ended).last).toContain('"code":"shutting_down"');
    expect(Date.now() - at).toBeLessThan(5_000);
  });
});

describe("GHSA-xmxx CVE-2026-45005 the old secret after a rotation", () => {
  it("AUTH-2 AUTH-4 a changed gateway.token: the new one works, the old one and its streams end, without a restart", async () => {
    const { ended } = await openStream(FIRST);
    const file = server.home.configFile;
    writeFileSync(file, readFileSync(file, "utf8").replace(FIRST, SECOND));
    await expect.poll(() => whoami(SECOND), { timeout: 3_000 }).toBe(200);
    expect(await whoami(FIRST)).toBe(401);
    // A client that was not told yet retries and retries: it waits, the one that was told does not.
    for (let retry = 0; retry < 10; retry += 1) {
      await callApi(server.url, "/api/v1/whoami", { token: FIRST, from: "127.8.0.1" });
    }
    expect((await callApi(server.url, "/api/v1/whoami", { token: FIRST, from: "127.8.0.1" })).status).toBe(429);
    expect((await callApi(server.url, "/api/v1/whoami", { token: SECOND, from: "127.8.0.1" })).status).toBe(200);
    expect((await ended).last).toContain('"code":"unauthenticated"');
  });

  it("AUTH-2 a rotated token: the old one ends at once with grace 0, its successor keeps identity and runs", async () => {
    const { token } = await server.token({
      name: "rotating",
      ownerId: "rotating",
      scopes: ["read", "write"],
    });
    const { ended } = await openStream(token);
    const rotated = await callApi(server.url, "/api/v1/tokens/rotate", {
      method: "POST",
      token,
      body: { graceSeconds: 0 },
    });
    expect(rotated.status).toBe(200);
    const next = String(rotated.body?.["token"]);
    await expect.poll(() => whoami(token), { timeout: 1_000 }).toBe(401);
    await ended;
    await expect.poll(() => whoami(next), { timeout: 1_000 }).toBe(200);
    const runs = await callApi(server.url, "/api/v1/runs", { token: next });
    expect(runs.body?.["runs"]).toHaveLength(1);
    expect((await say(server.url, next)).status).toBe(200);
  });
});
