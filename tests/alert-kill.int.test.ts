/**
 * Alerts through the whole product, whose server is killed without notice while they are found and sent, and whose receiver fails now and
 * then: each is told, a repetition carries the id of the first, and every signature is good.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startProduct, type Product } from "./support/product.ts";
import { newStandardSecret } from "#server/core/crypto/standard-webhooks.ts";

const ALERTS = 150;
const KILLS = 3;
const SECRET = newStandardSecret();

interface Body {
  data: { alerts: { rule: string; subject: string; status: string }[] };
}

/** What was taken with 200, by the id of its delivery. */
const taken = new Map<string, string[]>();
const faults: string[] = [];
let calls = 0;
const receiver = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks).toString();
    calls += 1;
    try {
      const { data } = new Webhook(SECRET).verify(body, request.headers as Record<string, string>) as Body;
      if (calls % 4 === 0) {
        response.writeHead(503).end();
        return;
      }
      const id = String(request.headers["webhook-id"]);
      const subjects = data.alerts.map(({ rule, subject, status }) => `${rule} ${subject} ${status}`);
      const before = taken.get(id);
      if (before !== undefined && before.join() !== subjects.join()) {
        faults.push(`${id} came with another content`);
      }
      taken.set(id, subjects);
      response.writeHead(200).end();
    } catch (error) {
      faults.push(String(error));
      response.writeHead(400).end();
    }
  });
});

let product: Product;

beforeAll(async () => {
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  const { port } = receiver.address() as AddressInfo;
  product = await startProduct(`{
    security: {
      encryption: { database: { iterations: 100000 } },
      monitoring: { alerting: { channels: ["webhook"], webhookUrl: "http://127.0.0.1:${port}/alerts", webhookSecret: "${SECRET}" } },
    },
  }`);
}, 120_000);
afterAll(async () => {
  await product.stop();
  await new Promise<void>((resolve) => {
    receiver.close(() => resolve());
    receiver.closeAllConnections();
  });
});

const raise = (n: number) =>
  product.sql("INSERT INTO audit_intake (events) VALUES ($1)", [
    JSON.stringify([
      {
        at: Date.now(),
        event: "backup.failed",
        outcome: "failed",
        actorType: "system",
        actorId: "test",
        target: `t${n}`,
      },
    ]),
  ]);

function serverPid(): number {
  try {
    return product.pid("server");
  } catch {
    return 0;
  }
}

it("MON-2 kill -9 of the server while alerts are found and sent: none is lost", async () => {
  await expect.poll(() => product.sql("SELECT 1 FROM contact_point"), { timeout: 60_000 }).toHaveLength(1);
  await product.sql(
    `INSERT INTO alert_rule (id, name, description, condition, severity, for_ms, keep_firing_ms, no_data, grouping, updated_by)
     VALUES ('rul_killtest', 'kill', '', $1, 'error', 0, 0, 'keep', 'subject', 'test')`,
    [
      JSON.stringify({
        type: "event",
        match: { events: ["backup.failed"], kinds: [], severity: null, outcome: null },
        by: "target",
        count: 1,
        windowMs: 3_600_000,
      }),
    ],
  );
  let killed = 0;
  for (let n = 0; n < ALERTS; n += 1) {
    await raise(n);
    const isDue = n >= ((killed + 1) * ALERTS) / (KILLS + 1);
    if (isDue && killed < KILLS) {
      // In the middle of it: something is taken and something is not.
      await expect.poll(() => taken.size, { timeout: 60_000, interval: 10 }).toBeGreaterThan(killed * 5);
      const before = serverPid();
      process.kill(before, "SIGKILL");
      killed += 1;
      await expect.poll(serverPid, { timeout: 60_000 }).not.toBe(before);
    }
  }
  const told = () => new Set([...taken.values()].flat().filter((text) => text.startsWith("kill ")));
  await expect.poll(() => told().size, { timeout: 240_000, interval: 250 }).toBe(ALERTS);
  expect([...told()].sort()).toEqual(Array.from({ length: ALERTS }, (_, n) => `kill target:t${n} firing`).sort());
  expect(faults).toEqual([]);
  const waiting = () => product.sql("SELECT id FROM alert_delivery WHERE state = 'waiting'");
  await expect.poll(waiting, { timeout: 120_000, interval: 250 }).toEqual([]);
  const states = await product.sql<{ state: string; n: number; attempts: number }>(
    "SELECT state, count(*)::int AS n, sum(attempts)::int AS attempts FROM alert_delivery GROUP BY 1",
  );
  expect(states.map(({ state }) => state)).toEqual(["sent"]);
  expect(await product.sql("SELECT id FROM alert_delivery")).toHaveLength(taken.size);
  expect(killed).toBe(KILLS);
  process.stdout.write(`${ALERTS} alerts, ${killed} kills, ${calls} calls: ${JSON.stringify(states)}\n`);
}, 500_000);
