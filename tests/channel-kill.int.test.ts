/**
 * Ten thousand messages through the whole product, whose server is killed without notice in the middle: each is answered exactly once or
 * visibly failed, and none is lost. The platform delivers again what it got no 200 for, as Telegram does.
 */
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Pool } from "undici";
import { BOT_TOKEN, messageUpdate, startFakeTelegram, type FakeTelegram } from "./support/fake-telegram.ts";
import { startProduct, type Product } from "./support/product.ts";

const DELIVERIES = 10_000;
const KILL_AFTER = 4_000;
const SENDERS = 250;
const CALLERS = 16;
const SECRET = "telegram-webhook-secret-0002";

let telegram: FakeTelegram;
let product: Product;

beforeAll(async () => {
  telegram = await startFakeTelegram();
  product = await startProduct(`{
    security: {
      authorization: { roles: { admin: { permissions: ["*"], channels: ["*"], commands: ["*"] }, user: { permissions: ["read"], channels: ["*"], commands: ["help"] } } },
      rateLimit: { enabled: false },
      encryption: { database: { iterations: 100000 } },
    },
    channels: {
      tg: {
        permissions: { allowedUsers: ["*"] },
        connection: { type: "telegram", botToken: "${BOT_TOKEN}", webhookSecret: "${SECRET}", apiBase: "${telegram.apiBase}" },
      },
    },
  }`);
}, 120_000);
afterAll(async () => {
  await product.stop();
  await telegram.close();
});

/** Delivers until it is taken. */
async function deliver(pool: Pool, updateId: number): Promise<void> {
  const body = JSON.stringify(messageUpdate(updateId, { from: 1 + (updateId % SENDERS) }));
  const headers = { "content-type": "application/json", "x-telegram-bot-api-secret-token": SECRET };
  for (;;) {
    try {
      const answer = await pool.request({ method: "POST", path: "/hooks/tg", headers, body });
      await answer.body.dump();
      if (answer.statusCode === 200) {
        return;
      }
    } catch {
      // The server is gone for a moment.
    }
    await delay(50);
  }
}

it("kill -9 of the server in the middle of 10,000 deliveries: each answered exactly once or visibly failed, none lost", async () => {
  const pool = new Pool(product.url, { connections: CALLERS });
  let next = 0;
  let taken = 0;
  let killed: Promise<void> | undefined;
  const kill = async (): Promise<void> => {
    // In the middle of sending, not between two deliveries.
    const held = telegram.hold();
    await expect.poll(() => held.waiting(), { timeout: 30_000, interval: 10 }).toBeGreaterThan(0);
    const before = product.pid("server");
    process.kill(before, "SIGKILL");
    held.release();
    await expect.poll(() => serverPid(), { timeout: 60_000 }).not.toBe(before);
  };
  const caller = async (): Promise<void> => {
    while (next < DELIVERIES) {
      const updateId = (next += 1);
      await deliver(pool, updateId);
      taken += 1;
      if (taken === KILL_AFTER) {
        killed = kill();
      }
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: CALLERS }, caller));
  await killed;
  await pool.close();

  const open = async (): Promise<number> => {
    const [row] = await product.sql<{ n: number }>(
      "SELECT count(*)::int AS n FROM channel_delivery WHERE finished_at IS NULL",
    );
    return row?.n ?? -1;
  };
  await expect.poll(open, { timeout: 120_000, interval: 250 }).toBe(0);
  const seconds = (performance.now() - startedAt) / 1000;

  const rows = await product.sql<{ event_id: string; state: string; reason: string | null; attempt: number }>(
    "SELECT event_id, state, reason, attempt FROM channel_delivery",
  );
  const answers = new Map<number, number>();
  for (const { body } of telegram.sent) {
    const id = (body["reply_parameters"] as { message_id: number }).message_id - 5000;
    answers.set(id, (answers.get(id) ?? 0) + 1);
  }
  expect(rows).toHaveLength(DELIVERIES);
  const wrong = rows.filter(({ event_id: eventId, state, reason }) => {
    const sent = answers.get(Number(eventId.slice("update:".length))) ?? 0;
    return state === "answered" ? sent !== 1 : !(state === "failed" && reason === "may_have_arrived" && sent <= 1);
  });
  expect(wrong).toEqual([]);
  const failed = rows.filter(({ state }) => state === "failed").length;
  const again = rows.filter(({ attempt }) => attempt > 1).length;
  // Somebody was at work when the server died, or the test has shown nothing.
  expect(again).toBeGreaterThan(0);
  expect(failed).toBeLessThanOrEqual(24);
  process.stdout.write(
    `${DELIVERIES} deliveries in ${seconds.toFixed(0)} s; taken up again ${again}, visibly failed ${failed}\n`,
  );
}, 400_000);

/** 0 while there is none. */
function serverPid(): number {
  try {
    return product.pid("server");
  } catch {
    return 0;
  }
}
