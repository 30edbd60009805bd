/** What proves a delivery: keys that are blank or weak, signatures in another spelling, guesses without end. */
import { createHash, createHmac } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { postHook } from "../support/hook-post.ts";
import { PLATFORMS, startPlatforms, type Platforms } from "../support/hook-platforms.ts";

/** Each lacks one thing that proves what it is delivered. */
const BLANK = {
  slack_blank: ['type: "slack", signingSecret: "${OPENCLAW_TEST_BLANK}", botToken: "x"', "signingSecret"],
  whatsapp_blank: [
    'type: "whatsapp", appSecret: "${OPENCLAW_TEST_BLANK}", verifyToken: "v", accessToken: "a", phoneNumberId: "1"',
    "appSecret",
  ],
  whatsapp_open: [
    'type: "whatsapp", appSecret: "a", verifyToken: "${OPENCLAW_TEST_BLANK}", accessToken: "a", phoneNumberId: "1"',
    "verifyToken",
  ],
  discord_zero: [`type: "discord", publicKey: "${"0".repeat(64)}", applicationId: "1", botToken: "x"`, "publicKey"],
  telegram_blank: ['type: "telegram", botToken: "1:x", webhookSecret: "${OPENCLAW_TEST_BLANK}"', "webhookSecret"],
  webhook_blank: ['type: "webhook", scheme: "github", secret: "${OPENCLAW_TEST_BLANK}"', "secret"],
} as const;
type BlankChannel = keyof typeof BLANK;
const CHANNELS = Object.keys(BLANK) as BlankChannel[];

let platforms: Platforms;

beforeAll(async () => {
  const channels = CHANNELS.map((name) => `${name}: { connection: { ${BLANK[name][0]} } },`).join("\n");
  platforms = await startPlatforms(channels, { OPENCLAW_TEST_BLANK: " " });
});
afterAll(() => platforms.stop());

const REFUSED =
  '{"error":{"code":"unauthenticated","message":"This delivery is not proven to come from its platform.","requestId":""}}';

/** Every way to sign with nothing, and not to sign at all. */
function attempts(body: string): Record<string, string>[] {
  const at = String(Math.floor(Date.now() / 1000));
  const sign = (key: string, text: string): string => createHmac("sha256", key).update(text).digest("hex");
  return [
    {},
    ...["", " "].flatMap((key): Record<string, string>[] => [
      { "x-slack-request-timestamp": at, "x-slack-signature": `v0=${sign(key, `v0:${at}:${body}`)}` },
      { "x-hub-signature-256": `sha256=${sign(key, body)}` },
      { "x-telegram-bot-api-secret-token": key },
    ]),
    { "x-signature-timestamp": at, "x-signature-ed25519": "0".repeat(128) },
  ];
}

describe("CVE-2026-44109 CVE-2026-26319: a channel whose key is blank believes nobody", () => {
  it.each(CHANNELS)("%s answers 401 to everything, like a channel that does not exist", async (channel) => {
    const body = "{}";
    for (const headers of attempts(body)) {
      const posted = await postHook(platforms.url(channel), body, headers, platforms.newAddress());
      expect(posted.status).toBe(401);
      expect(posted.text.replace(posted.requestId, "")).toBe(REFUSED);
      expect(await platforms.refusals(posted.requestId)).toEqual(["not_configured"]);
    }
    const invented = await postHook(platforms.url("invented"), body, {}, platforms.newAddress());
    expect(invented.text.replace(invented.requestId, "")).toBe(REFUSED);
    expect(await platforms.server.sql("SELECT 1 FROM channel_delivery WHERE channel = $1", [channel])).toEqual([]);
  });

  it.each(CHANNELS)("%s says on record which key it lacks", async (channel) => {
    const off = (await platforms.server.recorded("channel.connection_off")).map(({ data }) => JSON.stringify(data));
    expect(off.filter((data) => data.includes(`channels.${channel}.connection.${BLANK[channel][1]}`))).toHaveLength(1);
  });

  it("whatsapp_open: a blank verify token repeats no challenge", async () => {
    for (const token of ["", " ", "%20", "v"]) {
      const query = `hub.mode=subscribe&hub.challenge=12345&hub.verify_token=${token}`;
      const answer = await fetch(`${platforms.url("whatsapp_open")}?${query}`);
      expect(answer.status).toBe(401);
      expect(await answer.text()).not.toContain("12345");
    }
  });

  it("discord_zero: what the equation of the signature calls valid for a key of zeros is refused", async () => {
    const at = String(Math.floor(Date.now() / 1000));
    const { body, signature } = forgeryForZeroKey(at);
    const headers = { "x-signature-timestamp": at, "x-signature-ed25519": signature };
    const posted = await postHook(platforms.url("discord_zero"), body, headers, platforms.newAddress());
    expect(posted.status).toBe(401);
    expect(await platforms.refusals(posted.requestId)).toEqual(["not_configured"]);
  });
});

/**
 * The zero key has order four, so where the hash (RFC 8032 section 5.1.7) is a multiple of four, the neutral point and zero sign anything:
 * a body is tried until it is.
 */
function forgeryForZeroKey(at: string): { body: string; signature: string } {
  const neutral = Buffer.alloc(32);
  neutral[0] = 1;
  for (let nonce = 0; ; nonce += 1) {
    const body = JSON.stringify({ type: 1, application_id: "1", nonce });
    const hash = createHash("sha512")
      .update(neutral)
      .update(Buffer.alloc(32))
      .update(at + body)
      .digest();
    // The hash counts modulo the order of the group, which is odd.
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    const scalar = BigInt(`0x${Buffer.from(hash).reverse().toString("hex")}`) % order;
    if (scalar % 4n === 0n) {
      return { body, signature: Buffer.concat([neutral, Buffer.alloc(32)]).toString("hex") };
    }
  }
}

describe.each(PLATFORMS)("Telnyx replay, %s: a signature in another spelling", (name) => {
  it("is refused, or is the same delivery: it acts once", async () => {
    const platform = platforms.all[name];
    const message = platform.message(platform.known, "/help");
    const url = platforms.url(name);
    expect((await postHook(url, message.body, message.headers())).status).toBe(200);
    expect((await platforms.ended(name, message.eventId)).state).toBe("answered");
    const told = platform.told(platform.known).length;
    for (const spell of spellings) {
      const headers = { ...message.headers() };
      headers[platform.signature] = spell(headers[platform.signature] ?? "");
      const again = await postHook(url, message.body, headers, platforms.newAddress());
      expect(again.status).toBe(401);
      expect(await platforms.refusals(again.requestId)).toEqual(["signature_wrong"]);
    }
    // Signed anew a second later: the platform's own retry.
    const retried = await postHook(url, message.body, message.headers(Math.floor(Date.now() / 1000) + 1));
    expect(retried.status).toBe(200);
    expect(await platforms.server.events(retried.requestId)).toMatchObject([{ event: "channel.delivery_repeated" }]);
    expect(platform.told(platform.known).length).toBe(told);
  });
});

const digitsOf = (signature: string): string => /[0-9a-f]+$/.exec(signature)?.[0] ?? "";
const respelled =
  (encoding: "base64" | "base64url") =>
  (signature: string): string =>
    signature.slice(0, -digitsOf(signature).length) + Buffer.from(digitsOf(signature), "hex").toString(encoding);
const spellings: ((signature: string) => string)[] = [
  (signature) => signature.toUpperCase(),
  (signature) => signature.replace(digitsOf(signature), digitsOf(signature).toUpperCase()),
  respelled("base64"),
  respelled("base64url"),
  (signature) => `${signature}, ${signature}`,
];

describe.each(PLATFORMS)("GHSA-xq8g, %s: guesses without end", (name) => {
  it("end with 429 for the address that guesses, also when it then knows better; others are served", async () => {
    const platform = platforms.all[name];
    const from = platforms.newAddress();
    const url = platforms.url(name);
    const statuses: number[] = [];
    for (let guess = 0; guess < 10; guess += 1) {
      const message = platform.message(platform.known, "/help");
      const headers = { ...message.headers() };
      const signature = headers[platform.signature] ?? "";
      headers[platform.signature] = signature.replace(/[0-9a-f]{4}$/, String(1000 + guess));
      statuses.push((await postHook(url, message.body, headers, from)).status);
    }
    expect(statuses[0]).toBe(401);
    expect(statuses.at(-1)).toBe(429);
    const genuine = platform.message(platform.known, "/help");
    const held = await postHook(url, genuine.body, genuine.headers(), from);
    expect(held.status).toBe(429);
    expect(await platforms.refusals(held.requestId)).toEqual(["locked_out"]);
    const other = await postHook(url, genuine.body, genuine.headers(), platforms.newAddress());
    expect(other.status).toBe(200);
  });
});
