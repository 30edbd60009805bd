/** Deliveries of a platform to a real server: what is proven is answered once, everything else is refused, alike, and on record. */
import { createHmac } from "node:crypto";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Agent, request } from "undici";
import { startFakeReceiver, type FakeReceiver } from "../../../tests/support/fake-receiver.ts";
import {
  BOT_TOKEN,
  BOT_USERNAME,
  messageUpdate,
  startFakeTelegram,
  tooMany,
  type FakeTelegram,
} from "../../../tests/support/fake-telegram.ts";
import { ROOM_BYTES, SMALL_BYTES } from "#server/channels/hook/room.ts";
import { startServer, type TestServer } from "../../../tests/support/server.ts";

const SECRET = "telegram-webhook-secret-0001";
const KEY = Buffer.alloc(32, 7);
const HOOK_SECRET = `whsec_${KEY.toString("base64")}`;
const PLAIN_SECRET = "plain-shared-secret-of-a-webhook";
const WIDE = "{ windowMs: 900000, maxRequests: 100000 }";

const config = (telegram: FakeTelegram, receiver: FakeReceiver): string => `{
  security: {
    authorization: {
      roles: { user: { permissions: ["read", "write"], channels: ["*"], commands: ["*"] } },
      users: { ada: { role: "user" }, "42": { role: "user" } },
    },
    rateLimit: { perUser: ${WIDE}, perChannel: ${WIDE}, global: ${WIDE} },
  },
  channels: {
    tg: {
      permissions: { allowedUsers: ["42", "43", "44"], blockedUsers: ["666"], commands: { blocked: ["status"] } },
      connection: { type: "telegram", botToken: "${BOT_TOKEN}", webhookSecret: "${SECRET}", apiBase: "${telegram.apiBase}", allowedLinks: ["example.org"] },
    },
    hook: {
      permissions: { allowedUsers: ["ada"] },
      connection: { type: "webhook", secret: "${HOOK_SECRET}", replyUrl: "${receiver.url}", replySecret: "${HOOK_SECRET}" },
    },
    github: { permissions: { allowedUsers: ["ada"] }, connection: { type: "webhook", scheme: "github", secret: "${PLAIN_SECRET}" } },
    stripe: { permissions: { allowedUsers: ["ada"] }, connection: { type: "webhook", scheme: "stripe", secret: "${PLAIN_SECRET}" } },
    off: { connection: { type: "telegram", botToken: "${BOT_TOKEN}", webhookSecret: "${SECRET}", enabled: false } },
    blank: { connection: { type: "webhook", scheme: "github", secret: "\${OPENCLAW_TEST_BLANK_SECRET}" } },
  },
}`;

let telegram: FakeTelegram;
let receiver: FakeReceiver;
let server: TestServer;
let updateId = 100;
/** Each test from an address of its own: failures are counted per address. */
let address = 10;

beforeAll(async () => {
  telegram = await startFakeTelegram();
  receiver = await startFakeReceiver();
  server = await startServer(config(telegram, receiver), { env: { OPENCLAW_TEST_BLANK_SECRET: "   " } });
});
afterAll(async () => {
  await server.stop();
  await telegram.close();
  await receiver.close();
});

async function post(channel: string, body: string | Buffer, headers: Record<string, string>, from = "127.0.0.1") {
  const agent = new Agent({ localAddress: from });
  const answer = await request(`${server.url}/hooks/${channel}`, { dispatcher: agent, method: "POST", body, headers });
  const text = await answer.body.text();
  await agent.close();
  return {
    status: answer.statusCode,
    text,
    requestId: String(answer.headers["x-request-id"]),
    headers: answer.headers,
  };
}

const newAddress = (): string => `127.0.3.${(address += 1)}`;

const deliver = (update: object, secret = SECRET, from?: string) =>
  post(
    "tg",
    JSON.stringify(update),
    { "content-type": "application/json", "x-telegram-bot-api-secret-token": secret },
    from,
  );

function standard(body: string, { id = `msg_${(updateId += 1)}`, at = Date.now(), key = KEY } = {}) {
  const seconds = String(Math.floor(at / 1000));
  const digest = createHmac("sha256", key).update(`${id}.${seconds}.${body}`).digest("base64");
  return { "webhook-id": id, "webhook-timestamp": seconds, "webhook-signature": `v1,${digest}` };
}

interface DeliveryRow {
  id: string;
  state: string;
  reason: string | null;
}

const ended = (channel: string, event: string): Promise<DeliveryRow> =>
  vi.waitFor(
    async () => {
      const [row] = await server.sql<DeliveryRow>(
        "SELECT id, state, reason FROM channel_delivery WHERE channel = $1 AND event_id = $2 AND finished_at IS NOT NULL",
        [channel, event],
      );
      if (row === undefined) {
        throw new Error(`${event} has not ended`);
      }
      return row;
    },
    { timeout: 20_000, interval: 50 },
  );

const refusedAs = async (requestId: string): Promise<(string | null)[]> =>
  (await server.events(requestId))
    .filter(({ event }) => event === "channel.delivery_refused")
    .map(({ reason }) => reason);

describe("a proven delivery", () => {
  it("is stored before 200, answered once in its place without a preview, and on record", async () => {
    const id = (updateId += 1);
    const { status, requestId } = await deliver(messageUpdate(id));
    expect(status).toBe(200);
    expect(await server.sql("SELECT 1 FROM channel_delivery WHERE event_id = $1", [`update:${id}`])).toHaveLength(1);
    expect(await ended("tg", `update:${id}`)).toMatchObject({ state: "answered", reason: null });
    const [message] = telegram.sent.filter(({ body }) => JSON.stringify(body).includes(String(id + 5000)));
    expect(message).toMatchObject({
      chatId: 42,
      body: { reply_parameters: { message_id: id + 5000 }, link_preview_options: { is_disabled: true } },
    });
    expect((await server.events(requestId)).map(({ event }) => event)).toEqual(
      expect.arrayContaining([
        "channel.delivery_accepted",
        "message.received",
        "message.replied",
        "channel.reply_sent",
      ]),
    );
  });

  it("again, also with other bytes around the same id, is a duplicate that does nothing", async () => {
    const id = (updateId += 1);
    await deliver(messageUpdate(id));
    await ended("tg", `update:${id}`);
    const before = telegram.sent.length;
    const again = await deliver({ ...messageUpdate(id, { text: "/whoami" }), padding: "x" });
    expect(again.status).toBe(200);
    expect(await server.events(again.requestId)).toMatchObject([
      { event: "channel.delivery_repeated", reason: "duplicate" },
    ]);
    await deliver(messageUpdate((updateId += 1)));
    await ended("tg", `update:${updateId}`);
    expect(telegram.sent.length).toBe(before + 1);
  });

  it("out of order is answered as it comes", async () => {
    const [later, earlier] = [(updateId += 2), updateId - 1];
    await deliver(messageUpdate(later));
    await deliver(messageUpdate(earlier));
    expect((await ended("tg", `update:${later}`)).state).toBe("answered");
    expect((await ended("tg", `update:${earlier}`)).state).toBe("answered");
  });

  it("of one conversation keep their order", async () => {
    const ids = Array.from({ length: 12 }, () => (updateId += 1));
    for (const id of ids) {
      await deliver(messageUpdate(id, { from: 43 }));
    }
    await ended("tg", `update:${ids.at(-1) ?? 0}`);
    const order = telegram.sent
      .filter(({ chatId }) => chatId === 43)
      .map(({ body }) => (body["reply_parameters"] as { message_id: number }).message_id - 5000);
    expect(order).toEqual(ids);
  });

  it("of edits, reactions, buttons and bots is noted and never acted on", async () => {
    const before = telegram.sent.length;
    const base = messageUpdate(0).message;
    const bot = { ...base, from: { ...base.from, is_bot: true } };
    const updates = [
      { edited_message: base },
      {
        message_reaction: {
          user: base.from,
          chat: base.chat,
          message_id: 1,
          date: 1,
          new_reaction: [],
          old_reaction: [],
        },
      },
      { callback_query: { id: "1", from: base.from, chat_instance: "1", data: "/help" } },
      { message: bot },
    ];
    const states = [];
    for (const update of updates) {
      await deliver({ update_id: (updateId += 1), ...update });
      states.push(await ended("tg", `update:${updateId}`));
    }
    expect(states.map(({ state, reason }) => `${state} ${reason ?? ""}`)).toEqual([
      "ignored edit",
      "ignored reaction",
      "ignored other",
      "ignored bot",
    ]);
    expect(telegram.sent.length).toBe(before);
  });

  it("in a group only when the bot is addressed; a denial is not told to the group", async () => {
    const group = { from: 42, chat: -100123, type: "supergroup" } as const;
    await deliver(messageUpdate((updateId += 1), { ...group, text: "just talking" }));
    const mention = { entities: [{ type: "mention", offset: 0, length: BOT_USERNAME.length + 1 }] };
    await deliver(
      messageUpdate((updateId += 1), {
        ...group,
        text: `@${BOT_USERNAME} /help`,
        more: { ...mention, is_topic_message: true, message_thread_id: 77 },
      }),
    );
    expect(await ended("tg", `update:${updateId}`)).toMatchObject({ state: "answered" });
    expect(await server.sql("SELECT 1 FROM channel_delivery WHERE event_id = $1", [`update:${updateId - 1}`])).toEqual(
      [],
    );
    const inGroup = telegram.sent.filter(({ chatId }) => chatId === -100123);
    expect(inGroup).toHaveLength(1);
    expect(inGroup[0]?.body).toMatchObject({ message_thread_id: 77 });
    const command = `/status@${BOT_USERNAME}`;
    const entities = [{ type: "bot_command", offset: 0, length: command.length }];
    await deliver(messageUpdate((updateId += 1), { ...group, text: command, more: { entities } }));
    expect(await ended("tg", `update:${updateId}`)).toMatchObject({ state: "refused", reason: "command_blocked" });
    expect(telegram.sent.filter(({ chatId }) => chatId === -100123)).toHaveLength(1);
  });

  it("that the policy denies is told so in a direct conversation; a blocked sender hears nothing", async () => {
    await deliver(messageUpdate((updateId += 1), { text: "/status", from: 44 }));
    expect(await ended("tg", `update:${updateId}`)).toMatchObject({ state: "refused", reason: "command_blocked" });
    expect(telegram.sent.filter(({ chatId }) => chatId === 44).map(({ text }) => text)).toEqual([
      expect.stringContaining("blocked"),
    ]);
    await deliver(messageUpdate((updateId += 1), { from: 666 }));
    expect(await ended("tg", `update:${updateId}`)).toMatchObject({ state: "refused", reason: "user_blocked" });
    expect(telegram.sent.filter(({ chatId }) => chatId === 666)).toEqual([]);
  });

  it("of somebody unknown brings a pairing code and nothing else, and only directly (CVE-2026-28480)", async () => {
    await deliver(
      messageUpdate((updateId += 1), {
        from: 9001,
        more: { from: { id: 9001, is_bot: false, first_name: "42", username: "ada" } },
      }),
    );
    expect(await ended("tg", `update:${updateId}`)).toMatchObject({ state: "refused", reason: "sender_unknown" });
    const texts = telegram.sent.filter(({ chatId }) => chatId === 9001).map(({ text }) => text);
    expect(texts).toEqual([expect.stringMatching(/pairing code/)]);
    expect(await server.recorded("channel.sender_unknown")).not.toEqual([]);
  });
});

describe("CVE-2026-44109 GHSA-xq8g a delivery that proves nothing", () => {
  it.each([
    ["a wrong secret", "tg", { "x-telegram-bot-api-secret-token": "wrong" }, "signature_wrong"],
    ["no secret", "tg", {}, "signature_missing"],
    ["an unknown channel", "nowhere", { "x-telegram-bot-api-secret-token": SECRET }, "unknown_channel"],
    ["a channel that is off", "off", { "x-telegram-bot-api-secret-token": SECRET }, "channel_off"],
    [
      "a channel with a blank secret, signed with it",
      "blank",
      { "x-hub-signature-256": `sha256=${createHmac("sha256", "   ").update("{}").digest("hex")}` },
      "not_configured",
    ],
  ])("%s is refused like any other, and on record", async (_what, channel, headers, reason) => {
    const { status, text, requestId } = await post(channel, "{}", headers, newAddress());
    expect(status).toBe(401);
    expect(text.replace(requestId, "")).toBe(
      '{"error":{"code":"unauthenticated","message":"This delivery is not proven to come from its platform.","requestId":""}}',
    );
    expect(await refusedAs(requestId)).toEqual([reason]);
  });

  it("a channel without its secret says so once on record, and names the key", async () => {
    const off = await server.recorded("channel.connection_off");
    expect(off).toHaveLength(1);
    expect(off[0]?.data).toMatchObject({
      message: expect.stringContaining("channels.blank.connection.secret") as string,
    });
  });

  it("guesses are slowed down, loopback like any other", async () => {
    const from = newAddress();
    const statuses = [];
    for (let guess = 0; guess < 8; guess += 1) {
      statuses.push((await deliver(messageUpdate(1), `guess-${guess}`, from)).status);
    }
    expect(statuses.slice(0, 5)).toEqual([401, 401, 401, 401, 401]);
    expect(statuses.at(-1)).toBe(429);
  });

  it("CVE-2026-32980 with 100 MB behind a wrong header is refused before its body is read", async () => {
    const port = Number(new URL(server.url).port);
    const socket = connect({ port, host: "127.0.0.1", localAddress: newAddress() });
    const total = 100 * 1024 * 1024;
    socket.write(
      `POST /hooks/tg HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nx-telegram-bot-api-secret-token: wrong\r\ncontent-length: ${total}\r\n\r\n`,
    );
    const answer = new Promise<string>((resolve) => socket.once("data", (chunk: Buffer) => resolve(chunk.toString())));
    const gone = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    socket.on("error", () => undefined);
    expect(await answer).toMatch(/^HTTP\/1\.1 401 /);
    const chunk = Buffer.alloc(16 * 1024, 120);
    let taken = 0;
    // Until the kernel's own buffers are full or the connection is cut: nobody reads behind them.
    for (let sent = 0; sent < total && !socket.destroyed; sent += chunk.length) {
      if (!socket.write(chunk)) {
        const more = await Promise.race([
          new Promise<boolean>((resolve) => socket.once("drain", () => resolve(true))),
          gone.then(() => false),
        ]);
        if (!more) {
          break;
        }
      }
      taken = sent;
    }
    await gone;
    expect(taken).toBeLessThan(16 * 1024 * 1024);
  });

  it("a body above the platform's bound, and one that does not arrive whole", async () => {
    const large = await post("tg", Buffer.alloc(1024 * 1024 + 1, 32), { "x-telegram-bot-api-secret-token": SECRET });
    expect(large.status).toBe(413);
    expect(await refusedAs(large.requestId)).toEqual(["too_large"]);
    const started = performance.now();
    const port = Number(new URL(server.url).port);
    const socket = connect({ port, host: "127.0.0.1" });
    socket.write(
      `POST /hooks/tg HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nx-telegram-bot-api-secret-token: ${SECRET}\r\ncontent-length: 1000\r\n\r\n`,
    );
    const drip = setInterval(() => socket.write("x"), 500);
    socket.on("error", () => undefined);
    const head = await new Promise<string>((resolve) =>
      socket.once("data", (chunk: Buffer) => resolve(chunk.toString())),
    );
    clearInterval(drip);
    socket.destroy();
    expect(head).toMatch(/^HTTP\/1\.1 408 /);
    expect(performance.now() - started).toBeLessThan(20_000);
  }, 30_000);

  it("CVE-2026-32980 large bodies together have a bound; small ones go on, and room comes back", async () => {
    const large = (): Promise<number> => {
      const text = JSON.stringify({ sender: "ada", text: "x".repeat(SMALL_BYTES), id: "large" });
      const signature = createHmac("sha256", PLAIN_SECRET).update(text).digest("hex");
      return post("github", text, { "x-hub-signature-256": `sha256=${signature}` }).then(({ status }) => status);
    };
    const port = Number(new URL(server.url).port);
    const sockets = Array.from({ length: ROOM_BYTES / 1_048_576 }, (_, index) => {
      const socket = connect({ port, host: "127.0.0.1", localAddress: newAddress() });
      socket.on("error", () => undefined);
      // Nothing of the body comes; half of them do not say how much it would be.
      const size = index % 2 === 0 ? "content-length: 1048576" : "transfer-encoding: chunked";
      socket.write(
        `POST /hooks/github HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nx-hub-signature-256: sha256=${"0".repeat(64)}\r\n${size}\r\n\r\n`,
      );
      return socket;
    });
    await expect.poll(large, { timeout: 10_000 }).toBe(503);
    const small = JSON.stringify({ sender: "ada", text: "/help", id: "small" });
    const signature = createHmac("sha256", PLAIN_SECRET).update(small).digest("hex");
    expect((await post("github", small, { "x-hub-signature-256": `sha256=${signature}` })).status).toBe(202);
    sockets.forEach((socket) => socket.destroy());
    await expect.poll(large, { timeout: 10_000 }).toBe(202);
    const refused = await server.recorded("channel.delivery_refused");
    expect(refused.map(({ reason }) => reason)).toContain("no_room");
  }, 30_000);

  it("a proven body of another form is refused with what is wrong", async () => {
    const { status, text } = await deliver({ update_id: "no number" });
    expect(status).toBe(400);
    expect(text).toContain("update_id");
  });
});

describe("signed webhooks", () => {
  const body = (more: object = {}): string => JSON.stringify({ sender: "ada", text: "/help", ...more });
  const hex = (text: string): string => createHmac("sha256", PLAIN_SECRET).update(text).digest("hex");

  it("Standard Webhooks: answered at the address of replies, signed", async () => {
    const text = body();
    const headers = standard(text);
    expect((await post("hook", text, headers)).status).toBe(202);
    expect(await ended("hook", `msg:${headers["webhook-id"]}`)).toMatchObject({ state: "answered" });
    const reply = receiver.received.at(-1);
    const signed = `${String(reply?.headers["webhook-id"])}.${String(reply?.headers["webhook-timestamp"])}.${reply?.body ?? ""}`;
    expect(reply?.headers["webhook-signature"]).toBe(`v1,${createHmac("sha256", KEY).update(signed).digest("base64")}`);
    expect(JSON.parse(reply?.body ?? "")).toMatchObject({
      conversation: "ada",
      text: expect.stringContaining("/help") as string,
    });
  });

  it("a receiver that is busy is asked again when it says, with the same id", async () => {
    const before = receiver.received.length;
    receiver.answer({ status: 503, headers: { "retry-after": "1" } });
    const headers = standard(body());
    await post("hook", body(), headers);
    expect(await ended("hook", `msg:${headers["webhook-id"]}`)).toMatchObject({ state: "answered" });
    const [first, second] = receiver.received.slice(before);
    expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
  });

  it.each([
    ["stale", (text: string) => standard(text, { at: Date.now() - 301_000 }), "timestamp_stale"],
    ["from the future", (text: string) => standard(text, { at: Date.now() + 302_000 }), "timestamp_stale"],
    ["forged", (text: string) => standard(text, { key: Buffer.alloc(32, 8) }), "signature_wrong"],
    ["of other bytes", (text: string) => standard(`${text} `), "signature_wrong"],
  ])("%s is refused", async (_what, sign, reason) => {
    const { status, requestId } = await post("hook", body(), sign(body()), newAddress());
    expect(status).toBe(401);
    expect(await refusedAs(requestId)).toEqual([reason]);
  });

  it.each(["sender", "conversation", "thread", "id"])(
    "%s that a store would change is refused, and named",
    async (member) => {
      for (const wrong of ["ada\0", "ada\n", "ada\ud800"]) {
        const text = body({ [member]: wrong });
        const answered = await post("hook", text, standard(text));
        expect(answered.status).toBe(400);
        expect(answered.text).toContain(`${member}: holds a control character or half a character`);
        expect((await server.events(answered.requestId)).map(({ event }) => event)).toEqual([
          "channel.delivery_malformed",
        ]);
      }
      const bytes = Buffer.from(body({ [member]: "ad\u00e9" }), "latin1");
      const digest = (id: string, seconds: string) =>
        createHmac("sha256", KEY).update(`${id}.${seconds}.`).update(bytes).digest("base64");
      const headers = standard("");
      const signature = `v1,${digest(headers["webhook-id"], headers["webhook-timestamp"])}`;
      expect((await post("hook", bytes, { ...headers, "webhook-signature": signature })).status).toBe(400);
    },
  );

  it("a stranger whom nobody can tell a code gets none", async () => {
    const text = body({ sender: "stranger", id: "of-a-stranger" });
    await post("github", text, { "x-hub-signature-256": `sha256=${hex(text)}` });
    expect(await ended("github", "id:of-a-stranger")).toMatchObject({ state: "refused", reason: "sender_unknown" });
    expect(await server.sql("SELECT 1 FROM pairing_request WHERE channel = 'github'")).toEqual([]);
  });

  it("a replay under another spelling of its signature, or another unsigned id, does nothing", async () => {
    const text = body({ name: "once" });
    const headers = { "x-hub-signature-256": `sha256=${hex(text)}`, "x-github-delivery": "one" };
    expect((await post("github", text, headers)).status).toBe(202);
    const again = await post("github", text, { ...headers, "x-github-delivery": "two" });
    expect(await server.events(again.requestId)).toMatchObject([{ event: "channel.delivery_repeated" }]);
    const upper = await post(
      "github",
      text,
      { "x-hub-signature-256": `sha256=${hex(text).toUpperCase()}` },
      newAddress(),
    );
    expect(upper.status).toBe(401);
    expect(await ended("github", `sig:${hex(text)}`)).toMatchObject({ state: "answered", reason: "no_reply_address" });
  });

  it("Stripe's scheme: time and body are signed, five minutes", async () => {
    const seconds = Math.floor(Date.now() / 1000);
    const text = body({ id: "evt_1" });
    const sign = (at: number): Record<string, string> => ({
      "stripe-signature": `t=${at},v1=${hex(`${at}.${text}`)},v0=00`,
    });
    expect((await post("stripe", text, sign(seconds))).status).toBe(202);
    expect(await ended("stripe", "id:evt_1")).toMatchObject({ state: "answered" });
    const later = await post("stripe", text, sign(seconds + 1));
    expect(await server.events(later.requestId)).toMatchObject([{ event: "channel.delivery_repeated" }]);
    expect((await post("stripe", text, sign(seconds - 301), newAddress())).status).toBe(401);
  });
});

describe("sending", () => {
  it("waits as long as the platform asks, and loses nothing", async () => {
    telegram.fail(tooMany(2));
    const before = telegram.calls.length;
    await deliver(messageUpdate((updateId += 1), { from: 43 }));
    expect(await ended("tg", `update:${updateId}`)).toMatchObject({ state: "answered" });
    const [first = 0, second = 0] = telegram.calls.slice(before);
    expect(second - first).toBeGreaterThanOrEqual(2000);
  });

  it("what the platform refuses, or may have taken, fails visibly and can be tried again by hand only", async () => {
    telegram.fail({ ok: false, error_code: 403, description: "Forbidden: bot was blocked by the user" });
    await deliver(messageUpdate((updateId += 1), { from: 43 }));
    expect(await ended("tg", `update:${updateId}`)).toMatchObject({ state: "failed", reason: "reply_refused" });
    telegram.fail("cut");
    const before = telegram.sent.length;
    await deliver(messageUpdate((updateId += 1), { from: 43 }));
    expect(await ended("tg", `update:${updateId}`)).toMatchObject({ state: "failed", reason: "may_have_arrived" });
    expect(telegram.sent.length).toBe(before);
    expect(await server.recorded("channel.delivery_failed")).toHaveLength(2);
  });

  it("no row holds what was written in the open", async () => {
    const rows = await server.sql<{ event: Buffer }>("SELECT event FROM channel_delivery");
    expect(rows.length).toBeGreaterThan(5);
    expect(rows.filter(({ event }) => event.includes("/help"))).toEqual([]);
    const replies = await server.sql<{ body: Buffer }>("SELECT body FROM channel_reply");
    expect(replies.filter(({ body }) => body.includes("/help"))).toEqual([]);
  });
});
