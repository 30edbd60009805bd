/** OPS-3: platforms during an incident. They are answered as they document, nothing is done, and a sender hears of it once. */
import { request } from "undici";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import {
  BOT_TOKEN,
  messageUpdate,
  startFakeTelegram,
  type FakeTelegram,
} from "../../../tests/support/fake-telegram.ts";
import { announceEngine, startServer, type TestServer } from "../../../tests/support/server.ts";
import { SURFACES } from "#server/auth/surfaces.ts";

const SECRET = "telegram-webhook-secret-0004";
const MESSAGE = "Closed. Ask Ada.";
let telegram: FakeTelegram;
let server: TestServer;
let updateId = 0;
let locks = 0;

beforeAll(async () => {
  telegram = await startFakeTelegram();
  server = await startServer(`{
    security: { authorization: { roles: { user: { permissions: ["read", "write"], channels: ["*"], commands: ["run", "help"] } } } },
    channels: {
      tg: {
        permissions: { allowedUsers: ["*"] },
        connection: { type: "telegram", botToken: "${BOT_TOKEN}", webhookSecret: "${SECRET}", apiBase: "${telegram.apiBase}" },
      },
    },
  }`);
  await announceEngine(server);
});
afterAll(async () => {
  await server.stop();
  await telegram.close();
});
afterEach(async () => {
  await server.sql("UPDATE incident_lock SET ended_at = now(), ended_by = 'test' WHERE ended_at IS NULL");
});

async function deliver(text: string, from: number): Promise<number> {
  updateId += 1;
  const headers = { "content-type": "application/json", "x-telegram-bot-api-secret-token": SECRET };
  const body = JSON.stringify(messageUpdate(updateId, { text, from }));
  const answer = await request(`${server.url}/hooks/tg`, { method: "POST", headers, body });
  await answer.body.dump();
  expect(answer.statusCode).toBe(200);
  return updateId;
}

const ended = (id: number) =>
  vi.waitFor(
    async () => {
      const [row] = await server.sql<{ state: string; reason: string | null; run_id: string | null }>(
        "SELECT state, reason, run_id FROM channel_delivery WHERE event_id = $1",
        [`update:${id}`],
      );
      expect(["answered", "refused", "failed"]).toContain(row?.state);
      return row;
    },
    { timeout: 20_000, interval: 50 },
  );

/** Set as any process would; heard of when a message is refused. */
async function lock(kind: string, target: string): Promise<void> {
  locks += 1;
  await server.sql(
    "INSERT INTO incident_lock (id, kind, target, message, reason, set_by) VALUES ($1, $2, $3, $4, 'test', 'test')",
    [`lck_${locks}`, kind, target, MESSAGE],
  );
  await expect
    .poll(async () => (await server.sql("SELECT 1 FROM incident_cut WHERE lock_id = $1", [`lck_${locks}`])).length)
    .toBe(1);
}

describe("OPS-3 deliveries of a platform", () => {
  it("are a surface of the list", () => {
    expect(SURFACES.hook.credential).toBe("hook");
  });

  it.each([
    ["channel", "tg", 51],
    ["user", "52", 52],
    ["role", "user", 53],
  ])("a lock on a %s: nothing is run, and the sender is told once", async (kind, target, from) => {
    expect(await ended(await deliver("/help", from))).toMatchObject({ state: "answered" });
    await lock(kind, target);
    const before = telegram.sent.length;
    expect(await ended(await deliver("/run sh\necho never", from))).toMatchObject({
      state: "refused",
      reason: "locked",
      run_id: null,
    });
    expect(await ended(await deliver("/help", from))).toMatchObject({ state: "refused", reason: "locked" });
    expect(telegram.sent.slice(before).map(({ text }) => text)).toEqual([MESSAGE]);
    expect((await server.recorded("incident.refused")).at(-1)).toMatchObject({ outcome: "denied", reason: kind });
    if (kind === "user") {
      expect(await ended(await deliver("/help", 99))).toMatchObject({ state: "answered" });
    }
  });

  it("while everything is stopped nothing is said, not even what a run of before has printed", async () => {
    const id = await deliver("/run sh\necho before", 54);
    const runId = await vi.waitFor(async () => {
      const [row] = await server.sql<{ run_id: string | null }>(
        "SELECT run_id FROM channel_delivery WHERE event_id = $1",
        [`update:${id}`],
      );
      expect(row?.run_id).toMatch(/^run_/);
      return row?.run_id ?? "";
    });
    await lock("everything", "");
    const before = telegram.sent.length;
    await server.sql(
      "UPDATE run SET state = 'succeeded', reason = 'exit', exit_code = 0, stdout = 'x', finished_at = now() WHERE id = $1",
      [runId],
    );
    await server.sql("SELECT pg_notify('openclaw_run', $1)", [JSON.stringify({ runId })]);
    expect(await ended(id)).toMatchObject({ state: "refused", reason: "locked" });
    expect(await ended(await deliver("/help", 55))).toMatchObject({ state: "refused", reason: "locked" });
    expect(telegram.sent.length).toBe(before);
  });

  it("afterwards it is as before", async () => {
    await expect
      .poll(async () => (await ended(await deliver("/help", 56)))?.state, { timeout: 10_000 })
      .toBe("answered");
  });
});
