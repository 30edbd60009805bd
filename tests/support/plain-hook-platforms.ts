/** Telegram, which proves a delivery by a secret alone, and somebody's signed webhook with an address for replies. */
import { createHmac, randomInt } from "node:crypto";
import { startPlatform, seconds, type FakePlatform } from "./fake-platform.ts";
import { messageUpdate, tooMany, type FakeTelegram } from "./fake-telegram.ts";
import type { HookPlatform } from "./hook-platforms.ts";

/** Hexadecimal digits, so that it has another encoding. */
export const TELEGRAM_SECRET = "5f1c0a9e7b3d4862a1f0e9d8c7b6a5940f1e2d3c4b5a69788796a5b4c3d2e1f0";
const KEY = Buffer.alloc(32, 9);
export const WEBHOOK_SECRET = `whsec_${KEY.toString("base64")}`;
const JSON_TYPE = { "content-type": "application/json" };

export function telegramSide(fake: FakeTelegram): HookPlatform {
  let updateId = randomInt(1_000_000);
  const sign = (): Record<string, string> => ({ ...JSON_TYPE, "x-telegram-bot-api-secret-token": TELEGRAM_SECRET });
  return {
    fake: {
      misbehave: (...next) =>
        fake.fail(
          ...next.map((how) => {
            if (how === "cut") {
              return how;
            }
            if (typeof how === "object" && how.status === 429) {
              return tooMany(Number(how.headers?.["retry-after"]));
            }
            throw new Error("the fake Telegram cannot do that");
          }),
        ),
      hold: () => fake.hold(),
    },
    taken: 200,
    signsBody: false,
    signsTime: false,
    knowsRepeats: false,
    reencode: (secret) => Buffer.from(secret, "hex").toString("base64url"),
    sign,
    signature: "x-telegram-bot-api-secret-token",
    maxBody: 1_048_576,
    known: "42",
    blocked: "666",
    stranger: "9001",
    message(sender, text, name = "ada") {
      updateId += 1;
      const from = { id: Number(sender), is_bot: false, first_name: name, username: name };
      const update = messageUpdate(updateId, { text, from: Number(sender), more: { from } });
      return { body: JSON.stringify(update), eventId: `update:${updateId}`, headers: sign };
    },
    told: (sender) => fake.sent.filter(({ chatId }) => chatId === Number(sender)).map(({ text }) => text),
  };
}

/** Standard Webhooks both ways; the receiver knows a repeat by its id, as the specification asks of it. */
export async function startWebhookSide(): Promise<HookPlatform<FakePlatform>> {
  const taken = new Map<string, { conversation: unknown; text: string }>();
  const fake = await startPlatform(({ headers, body }) => {
    taken.set(String(headers["webhook-id"]), { conversation: body["conversation"], text: String(body["text"]) });
    return { status: 200, body: {} };
  });
  let count = 0;
  const sign = (body: string, at = seconds(), id = `msg_nonsense_${(count += 1)}`): Record<string, string> => ({
    ...JSON_TYPE,
    "webhook-id": id,
    "webhook-timestamp": String(at),
    "webhook-signature": `v1,${createHmac("sha256", KEY).update(`${id}.${at}.${body}`).digest("base64")}`,
  });
  return {
    fake,
    taken: 202,
    signsBody: true,
    signsTime: true,
    knowsRepeats: true,
    reencode: (signature) => `v1,${Buffer.from(signature.slice(3), "base64").toString("base64url")}`,
    sign: (body) => sign(body),
    signature: "webhook-signature",
    maxBody: 1_048_576,
    known: "ada",
    blocked: "mallory",
    stranger: "nobody",
    message(sender, text, name = "somebody") {
      const id = `msg_${(count += 1)}`;
      const body = JSON.stringify({ sender, text, name });
      return { body, eventId: `msg:${id}`, headers: (at, spelled = body) => sign(spelled, at, id) };
    },
    told: (sender) => [...taken.values()].filter(({ conversation }) => conversation === sender).map(({ text }) => text),
  };
}
