import { readFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { certificateFolder, type CertificateFolder, type Pair } from "../../../tests/support/certificates.ts";
import { openAlertBench, TESTER, type AlertBench } from "../../../tests/support/alerts.ts";
import { startFakeMailServer, type FakeMailServer } from "../../../tests/support/fake-mail-server.ts";
import { openAlertSender, type AlertSender } from "#server/alerts/deliver/loop.ts";
import { resendAlertDelivery, sendPointTest } from "#server/alerts/deliveries.ts";
import { rotatePointSecret } from "#server/alerts/points/point-secret.ts";
import { newStandardSecret } from "#server/core/crypto/standard-webhooks.ts";
import { openNotifyHub, type NotifyHub } from "#server/core/db/notify.ts";
import { createLogger } from "#server/core/log.ts";

interface Received {
  headers: IncomingHttpHeaders;
  body: string;
}

interface Receiver {
  url: string;
  received: Received[];
  /** What the next requests get, one by one; afterwards 200. */
  answers: ((response: ServerResponse) => void)[];
  close(): Promise<void>;
}

async function startReceiver(port = 0): Promise<Receiver> {
  const received: Received[] = [];
  const answers: Receiver["answers"] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
      const answer = answers.shift();
      if (answer === undefined) {
        response.writeHead(200).end();
      } else {
        answer(response);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook/T0PSECRETPATH123`,
    received,
    answers,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const status =
  (code: number, headers: Record<string, string> = {}, body = "") =>
  (response: ServerResponse): void =>
    void response.writeHead(code, headers).end(body);

const log = createLogger("test", "silent");
let bench: AlertBench;
let notify: NotifyHub;
let sender: AlertSender | undefined;

beforeEach(async () => {
  bench = await openAlertBench();
  bench.configure(`{ security: { outbound: { allowedPrivate: ["127.0.0.1"] } } }`);
  notify = await openNotifyHub(bench.appUrl, "test", log);
});
afterEach(async () => {
  await sender?.close(5_000);
  sender = undefined;
  await notify.close();
  await bench.close();
});

async function start(attempts = 5): Promise<void> {
  const { pool, keyring, config } = bench;
  const retry = { firstMs: 50, longestMs: 200, attempts };
  sender = await openAlertSender({ pool, keyring, config, notify, log, retry, paths: { home: "/nonexistent" } });
}

const SECRET = newStandardSecret();
const webhook = (url: string, format = "standard", more: object = {}) =>
  bench.point("hook", { format, host: "" }, { url, secret: SECRET, ...more });

const sendTest = (point = "hook") =>
  sendPointTest(bench.db, TESTER, point, { origin: "https://gateway.test", now: new Date() });

interface Row {
  state: string;
  reason: string | null;
  attempts: number;
}
const rowOf = async (id: string): Promise<Row> => {
  const [row] = await bench.sql<Row>("SELECT state, reason, attempts FROM alert_delivery WHERE id = $1", [id]);
  return row ?? { state: "gone", reason: null, attempts: 0 };
};
const finished = async (id: string): Promise<Row> => {
  await expect.poll(async () => (await rowOf(id)).state, { timeout: 20_000 }).not.toBe("waiting");
  return rowOf(id);
};
const triesOf = (id: string) =>
  bench.sql<{ outcome: string; status: number | null; response: string }>(
    "SELECT outcome, status, response FROM alert_attempt WHERE delivery_id = $1 ORDER BY number",
    [id],
  );
const recorded = (event: string) =>
  bench.sql<{ reason: string; target: string }>(
    `SELECT entry->>'reason' AS reason, entry->>'target' AS target FROM audit_intake, json_array_elements(events::json) AS entry WHERE entry->>'event' = $1 ORDER BY id`,
    [event],
  );

const verify = (secret: string, { headers, body }: Received): unknown =>
  new Webhook(secret).verify(body, headers as Record<string, string>);

describe("MON-2 webhooks", () => {
  test("a receiver written with the standardwebhooks package accepts ours, before, during and after a rotation as stated", async () => {
    const receiver = await startReceiver();
    await webhook(receiver.url);
    await start();
    expect(await finished((await sendTest()).id)).toMatchObject({ state: "sent", attempts: 1 });
    const [first] = receiver.received as [Received];
    expect(verify(SECRET, first)).toMatchObject({ type: "alert.test", data: { status: "firing" } });

    const { secret } = await rotatePointSecret(bench, TESTER, "hook", false);
    await finished((await sendTest()).id);
    const during = receiver.received[1] as Received;
    expect(verify(SECRET, during)).toMatchObject({ type: "alert.test" });
    expect(verify(secret, during)).toMatchObject({ type: "alert.test" });
    expect(String(during.headers["webhook-signature"]).split(" ")).toHaveLength(2);

    await bench.sql("UPDATE contact_point SET rotation_ends_at = now() - interval '1 second'");
    await finished((await sendTest()).id);
    const after = receiver.received[2] as Received;
    expect(verify(secret, after)).toMatchObject({ type: "alert.test" });
    expect(() => verify(SECRET, after)).toThrow();
    expect((await recorded("alert.contact_point_changed")).map(({ reason }) => reason)).toEqual(["secret_rotated"]);
    await receiver.close();
  });

  test("500s, a wait that is asked for and a redirect into the network are tried again under one id, and never followed", async () => {
    const receiver = await startReceiver();
    const inside = await startReceiver();
    await webhook(receiver.url);
    receiver.answers.push(
      status(500, {}, `sorry, ${receiver.url} failed`),
      status(302, { location: inside.url }),
      status(307, { location: "http://169.254.169.254/latest/meta-data" }),
      status(429, { "retry-after": "1" }),
    );
    await start();
    const { id } = await sendTest();
    expect(await finished(id)).toEqual({ state: "sent", reason: null, attempts: 5 });
    expect(new Set(receiver.received.map(({ headers }) => headers["webhook-id"]))).toEqual(new Set([id]));
    const tries = await triesOf(id);
    expect(tries.map(({ outcome, status: code }) => `${outcome} ${code ?? "none"}`)).toEqual([
      "again 500",
      "again 302",
      "again 307",
      "again 429",
      "sent 200",
    ]);
    expect(tries[0]?.response).not.toContain("T0PSECRETPATH123");
    expect(inside.received).toEqual([]);
    await Promise.all([receiver.close(), inside.close()]);
  });

  test("an address inside the network is refused for good, on record, and nothing connects", async () => {
    const receiver = await startReceiver();
    bench.configure("{}");
    await webhook(receiver.url);
    await start();
    const { id } = await sendTest();
    expect(await finished(id)).toEqual({ state: "failed", reason: "address_refused", attempts: 1 });
    expect(receiver.received).toEqual([]);
    expect(await recorded("alert.delivery_failed")).toEqual([{ reason: "address_refused", target: id }]);
    await receiver.close();
  });

  test("a receiver that is killed gets it when it is back", async () => {
    const receiver = await startReceiver();
    const { port } = new URL(receiver.url);
    await receiver.close();
    await webhook(receiver.url);
    await start(100);
    const { id } = await sendTest();
    await expect.poll(async () => (await triesOf(id)).length, { timeout: 10_000 }).toBeGreaterThan(1);
    const back = await startReceiver(Number(port));
    expect((await finished(id)).state).toBe("sent");
    expect(back.received).toHaveLength(1);
    await back.close();
  });

  test("one that never takes it fails visibly after the last attempt, and can be sent again by hand", async () => {
    const receiver = await startReceiver();
    await webhook(receiver.url);
    receiver.answers.push(...Array.from({ length: 3 }, () => status(503)));
    await start(3);
    const { id } = await sendTest();
    expect(await finished(id)).toEqual({ state: "failed", reason: "attempts_exhausted", attempts: 3 });
    expect(await recorded("alert.delivery_failed")).toEqual([{ reason: "attempts_exhausted", target: id }]);
    await resendAlertDelivery(bench.db, TESTER, id, new Date());
    expect(await finished(id)).toEqual({ state: "sent", reason: null, attempts: 1 });
    expect(receiver.received.map(({ headers }) => headers["webhook-id"])).toEqual([id, id, id, id]);
    expect((await recorded("alert.delivery_requested")).map(({ reason }) => reason)).toEqual(["test", "resend"]);
    await receiver.close();
  });

  test("410 switches the contact point off, on record; a body that is refused is not sent again", async () => {
    const receiver = await startReceiver();
    await webhook(receiver.url);
    receiver.answers.push(status(400), status(410));
    await start();
    expect(await finished((await sendTest()).id)).toMatchObject({ state: "failed", reason: "refused", attempts: 1 });
    expect(await finished((await sendTest()).id)).toMatchObject({ state: "failed", reason: "gone", attempts: 1 });
    expect(await bench.sql("SELECT enabled, disabled_reason FROM contact_point")).toEqual([
      { enabled: false, disabled_reason: "gone" },
    ]);
    expect((await recorded("alert.contact_point_changed")).map(({ reason }) => reason)).toEqual(["gone"]);
    await receiver.close();
  });

  test("a slow receiver does not hold up another", async () => {
    const slow = await startReceiver();
    const quick = await startReceiver();
    const waiting: ServerResponse[] = [];
    slow.answers.push(...Array.from({ length: 10 }, () => (response: ServerResponse) => void waiting.push(response)));
    await webhook(slow.url);
    await bench.point("quick", { format: "standard", host: "" }, { url: quick.url, secret: SECRET });
    await start();
    for (let n = 0; n < 10; n += 1) {
      await sendTest();
    }
    const { id } = await sendTest("quick");
    expect((await finished(id)).state).toBe("sent");
    expect(waiting.length).toBeLessThanOrEqual(2);
    waiting.forEach((response) => response.destroy());
    await Promise.all([slow.close(), quick.close()]);
  });

  test("two senders at once send each notification once", async () => {
    const receiver = await startReceiver();
    await webhook(receiver.url);
    await start();
    const first = sender;
    await start();
    const ids = [];
    for (let n = 0; n < 30; n += 1) {
      ids.push((await sendTest()).id);
    }
    for (const id of ids) {
      await finished(id);
    }
    expect(receiver.received.map(({ headers }) => String(headers["webhook-id"])).sort()).toEqual([...ids].sort());
    await first?.close(5_000);
    await receiver.close();
  });

  test("what a sender that died had in hand is sent by the next under the same id", async () => {
    const receiver = await startReceiver();
    await webhook(receiver.url);
    const { id } = await sendTest();
    await bench.sql(
      "UPDATE alert_delivery SET worker_id = 'dead', leased_until = now() + interval '2 seconds', attempts = 1",
    );
    await start();
    expect(receiver.received).toEqual([]);
    expect(await finished(id)).toEqual({ state: "sent", reason: null, attempts: 2 });
    await receiver.close();
  });

  test("the end of an alert never overtakes its beginning", async () => {
    const receiver = await startReceiver();
    await webhook(receiver.url, "pagerduty", { routingKey: "routing-key-000001" });
    receiver.answers.push(status(500), status(500));
    await bench.rule({ condition: { type: "event", match: { events: ["backup.failed"] }, windowMs: 60_000 } });
    await bench.seal([{ event: "backup.failed", at: bench.now }]);
    await bench.round();
    await bench.round(10_000);
    await bench.round(120_000);
    await bench.sql("UPDATE alert_delivery SET next_attempt_at = now()");
    await start();
    await expect.poll(() => receiver.received.length, { timeout: 10_000 }).toBe(4);
    const bodies = receiver.received.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
    expect(bodies.map((body) => body["event_action"])).toEqual(["trigger", "trigger", "trigger", "resolve"]);
    expect(new Set(bodies.map((body) => body["dedup_key"])).size).toBe(1);
    expect(bodies[0]).toMatchObject({
      routing_key: "routing-key-000001",
      payload: { severity: "warning", source: "https://gateway.test" },
    });
    await receiver.close();
  });

  test.each([
    [
      "alertmanager",
      {
        version: "4",
        status: "firing",
        alerts: [{ status: "firing", labels: { severity: "warn" }, endsAt: "0001-01-01T00:00:00Z" }],
      },
    ],
    ["slack", { text: "Test notification of OpenClaw Gateway" }],
  ])("a receiver of %s gets its form", async (format, body) => {
    const receiver = await startReceiver();
    await webhook(receiver.url, format);
    await start();
    await finished((await sendTest()).id);
    expect(JSON.parse(receiver.received[0]?.body ?? "{}")).toMatchObject(body);
    await receiver.close();
  });
});

describe("MON-2 mail", () => {
  let server: FakeMailServer;
  let certificates: CertificateFolder;
  let own: Pair;

  /** Sends as `security.monitoring.alerting` says, with what is given instead. */
  async function mailPoint(recipients: string[], smtp: object = {}): Promise<void> {
    await bench.point("mail", {}, {}, "email");
    await bench.sql("UPDATE contact_point SET source = 'file' WHERE id = 'mail'");
    const base = {
      host: "localhost",
      port: server.port,
      user: "gateway",
      password: "mail-password-71",
      from: "gateway@example.com",
      ca: own.cert,
    };
    const alerting = { channels: ["email"], recipients, smtp: { ...base, ...smtp } };
    bench.configure(JSON.stringify({ security: { monitoring: { alerting } } }));
  }

  beforeEach(async () => {
    certificates = certificateFolder();
    own = certificates.make("mail");
    server = await startFakeMailServer({ key: readFileSync(own.key), cert: readFileSync(own.cert) });
  });
  afterEach(async () => {
    await server.close();
    certificates.remove();
  });

  test("is sent over STARTTLS after signing in, to each recipient", async () => {
    await mailPoint(["ada@example.com", "bob@example.com"]);
    await start();
    const { id } = await sendTest("mail");
    expect(await finished(id)).toEqual({ state: "sent", reason: null, attempts: 1 });
    expect(server.taken).toMatchObject([
      { from: "gateway@example.com", to: ["ada@example.com", "bob@example.com"], tls: true, user: "gateway" },
    ]);
    const { text } = server.taken[0] ?? { text: "" };
    expect(text).toContain(`Message-ID: <${id}@example.com>`);
    expect(text).toContain("Subject: [TEST] Test notification of OpenClaw Gateway");
  });

  test("a greylisted recipient gets it later, alone; the others not again; one refused for good is on record", async () => {
    await mailPoint(["ada@example.com", "grey@example.com", "gone@example.com"]);
    server.refuse.set("grey@example.com", [{ code: 451, text: "greylisted, come back" }]);
    server.refuse.set("gone@example.com", [{ code: 550, text: "no such user" }]);
    await start();
    const { id } = await sendTest("mail");
    expect(await finished(id)).toMatchObject({ state: "sent", attempts: 2 });
    expect(server.taken.map(({ to }) => to)).toEqual([["ada@example.com"], ["grey@example.com"]]);
    expect((await triesOf(id)).map(({ outcome, status: code }) => `${outcome} ${code ?? ""}`)).toEqual([
      "again 451",
      "sent 250",
    ]);
    expect((await recorded("alert.delivery_failed")).map(({ reason }) => reason)).toEqual(["recipient_refused"]);
  });

  test("refused for all recipients is failed, on record, and not tried again", async () => {
    await mailPoint(["gone@example.com"]);
    server.refuse.set("gone@example.com", [{ code: 550, text: "no such user" }]);
    await start();
    const { id } = await sendTest("mail");
    expect(await finished(id)).toEqual({ state: "failed", reason: "recipient_refused", attempts: 1 });
    expect(server.taken).toEqual([]);
  });

  test("a server whose certificate nobody vouches for gets nothing", async () => {
    await mailPoint(["ada@example.com"], { ca: certificates.make("other").cert });
    await start(2);
    const { id } = await sendTest("mail");
    expect(await finished(id)).toMatchObject({ state: "failed", reason: "attempts_exhausted" });
    expect((await triesOf(id))[0]?.response).toMatch(/certificate/);
    expect(server.taken).toEqual([]);
  });

  test("a server without STARTTLS gets neither mail nor password, unless that is asked for", async () => {
    const passwords: string[] = [];
    const plain = await startFakeMailServer({
      disabledCommands: ["STARTTLS"],
      authOptional: true,
      allowInsecureAuth: true,
      onAuth({ password }, _session, callback) {
        passwords.push(password ?? "");
        callback(null, { user: "gateway" });
      },
    });
    await mailPoint(["ada@example.com"], { port: plain.port });
    await start(2);
    expect(await finished((await sendTest("mail")).id)).toMatchObject({ state: "failed" });
    expect({ passwords, taken: plain.taken }).toEqual({ passwords: [], taken: [] });
    const alerting = {
      channels: ["email"],
      recipients: ["ada@example.com"],
      smtp: { host: "localhost", port: plain.port, secure: "none", from: "gateway@example.com" },
    };
    bench.configure(JSON.stringify({ security: { monitoring: { alerting } } }));
    expect(await finished((await sendTest("mail")).id)).toMatchObject({ state: "sent" });
    expect(plain.taken).toMatchObject([{ tls: false }]);
    await plain.close();
  });

  test("a wrong password is tried again and never shown", async () => {
    await mailPoint(["ada@example.com"], { password: "wrong-password-99" });
    await start(2);
    const { id } = await sendTest("mail");
    expect(await finished(id)).toMatchObject({ state: "failed", reason: "attempts_exhausted", attempts: 2 });
    expect(JSON.stringify(await triesOf(id))).not.toContain("wrong-password-99");
  });

  test("a mail server inside the network that the file does not name is refused", async () => {
    await bench.point(
      "own",
      {
        recipients: ["ada@example.com"],
        smtp: { host: "localhost", port: server.port, secure: "starttls", user: null, from: "gateway@example.com" },
      },
      {},
      "email",
    );
    bench.configure("{}");
    await start();
    expect(await finished((await sendTest("own")).id)).toMatchObject({ state: "failed", reason: "address_refused" });
  });

  test("without a mail server the failure says what to write", async () => {
    await mailPoint(["ada@example.com"]);
    bench.configure(
      `{ security: { monitoring: { alerting: { channels: ["email"], recipients: ["ada@example.com"] } } } }`,
    );
    await start();
    const { id } = await sendTest("mail");
    expect(await finished(id)).toMatchObject({ state: "failed", reason: "not_configured" });
    expect((await triesOf(id))[0]?.response).toContain("security.monitoring.alerting.smtp");
  });
});
