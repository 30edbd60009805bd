/** All platforms behind one server, each with a sender it knows; what a test sends and sees is named alike for them. */
import { vi } from "vitest";
import { startFakeDiscord, type FakeDiscord } from "./fake-discord.ts";
import type { FakePlatform } from "./fake-platform.ts";
import { startFakeSlack, type FakeSlack } from "./fake-slack.ts";
import { BOT_TOKEN, startFakeTelegram, type FakeTelegram } from "./fake-telegram.ts";
import { startFakeWhatsapp, type FakeWhatsapp } from "./fake-whatsapp.ts";
import { startServer, type TestServer } from "./server.ts";
import { startWebhookSide, telegramSide, TELEGRAM_SECRET, WEBHOOK_SECRET } from "./plain-hook-platforms.ts";

/** Chat platforms that sign the body. */
export const PLATFORMS = ["slack", "whatsapp", "discord"] as const;
export type PlatformName = (typeof PLATFORMS)[number];
export const ALL_PLATFORMS = [...PLATFORMS, "telegram", "webhook"] as const;
export type AnyPlatform = (typeof ALL_PLATFORMS)[number];

/** A body with what proves it. */
export interface Signed {
  body: string;
  eventId: string;
  /**
   * @param at seconds since 1970, where the platform signs a time
   * @param spelled the body in another spelling
   */
  headers: (at?: number, spelled?: string) => Record<string, string>;
}

export interface HookPlatform<Fake = Pick<FakePlatform, "misbehave" | "hold">> {
  fake: Fake;
  /** What a taken delivery is answered with. */
  taken: number;
  /** Whether the body and a time are proven, or a secret alone. */
  signsBody: boolean;
  signsTime: boolean;
  /** Whether a reply that may have arrived is sent again: who gets it knows a repeat by its id. */
  knowsRepeats: boolean;
  /** The proof in another encoding. */
  reencode: (signature: string) => string;
  /** Headers of the platform over any body. */
  sign: (body: string) => Record<string, string>;
  /** The header that holds the signature. */
  signature: string;
  /** Bytes above which a delivery is too large. */
  maxBody: number;
  /** Senders: known, blocked, and nobody's. */
  known: string;
  blocked: string;
  stranger: string;
  /** A command of `sender` to the bot alone, under a name to show. */
  message: (sender: string, text: string, name?: string) => Signed;
  /** What the sender was told, oldest first. */
  told: (sender: string) => string[];
}

export interface Platforms {
  server: TestServer;
  slack: FakeSlack;
  whatsapp: FakeWhatsapp;
  discord: FakeDiscord;
  telegram: FakeTelegram;
  all: Record<PlatformName, HookPlatform<FakePlatform>> & Record<AnyPlatform, HookPlatform>;
  url(channel: string): string;
  /** Resolves once the delivery is over. */
  ended(channel: string, eventId: string): Promise<{ state: string; reason: string | null }>;
  /** Reasons of the refusals of one request. */
  refusals(requestId: string): Promise<(string | null)[]>;
  /** An address nobody has failed from. */
  newAddress(): string;
  stop(): Promise<void>;
}

const JSON_TYPE = { "content-type": "application/json" };
const WIDE = "{ windowMs: 900000, maxRequests: 100000 }";
export const VERIFY_TOKEN = "verify-token-of-the-test";

/** @param allowed senders that are known beside each platform's own */
export async function startPlatforms(
  moreChannels = "",
  env: Record<string, string> = {},
  allowed: Partial<Record<AnyPlatform, readonly string[]>> = {},
): Promise<Platforms> {
  const [slack, whatsapp, discord, telegram] = await Promise.all([
    startFakeSlack(),
    startFakeWhatsapp(),
    startFakeDiscord(),
    startFakeTelegram(),
  ]);
  const webhook = await startWebhookSide();
  const all: Platforms["all"] = {
    slack: slackSide(slack),
    whatsapp: whatsappSide(whatsapp),
    discord: discordSide(discord),
    telegram: telegramSide(telegram),
    webhook,
  };
  const permissions = (name: AnyPlatform): string =>
    `permissions: ${JSON.stringify({ allowedUsers: [all[name].known, ...(allowed[name] ?? [])], blockedUsers: [all[name].blocked] })}`;
  const config = `{
    security: {
      authorization: { roles: { user: { permissions: ["read", "write"], channels: ["*"], commands: ["*"] } } },
      rateLimit: { perUser: ${WIDE}, perChannel: ${WIDE}, global: ${WIDE} },
    },
    channels: {
      slack: { ${permissions("slack")}, connection: { type: "slack", signingSecret: "${slack.signingSecret}", botToken: "${slack.botToken}", apiBase: "${slack.apiBase}" } },
      whatsapp: { ${permissions("whatsapp")}, connection: { type: "whatsapp", appSecret: "${whatsapp.appSecret}", verifyToken: "${VERIFY_TOKEN}", accessToken: "${whatsapp.accessToken}", phoneNumberId: "${whatsapp.phoneNumberId}", apiBase: "${whatsapp.apiBase}" } },
      discord: { ${permissions("discord")}, connection: { type: "discord", publicKey: "${discord.publicKey}", applicationId: "${discord.applicationId}", botToken: "${discord.botToken}", apiBase: "${discord.apiBase}" } },
      telegram: { ${permissions("telegram")}, connection: { type: "telegram", botToken: "${BOT_TOKEN}", webhookSecret: "${TELEGRAM_SECRET}", apiBase: "${telegram.apiBase}" } },
      webhook: { ${permissions("webhook")}, connection: { type: "webhook", secret: "${WEBHOOK_SECRET}", replyUrl: "${webhook.fake.origin}/replies", replySecret: "${WEBHOOK_SECRET}" } },
      ${moreChannels}
    },
  }`;
  const server = await startServer(config, { env });
  let lastAddress = 9;
  return {
    server,
    slack,
    whatsapp,
    discord,
    telegram,
    all,
    url: (channel) => `${server.url}/hooks/${channel}`,
    ended: (channel, eventId) =>
      vi.waitFor(
        async () => {
          const [row] = await server.sql<{ state: string; reason: string | null }>(
            "SELECT state, reason FROM channel_delivery WHERE channel = $1 AND event_id = $2 AND finished_at IS NOT NULL",
            [channel, eventId],
          );
          if (row === undefined) {
            throw new Error(`${eventId} of ${channel} has not ended`);
          }
          return row;
        },
        { timeout: 20_000, interval: 50 },
      ),
    refusals: async (requestId) =>
      (await server.events(requestId))
        .filter(({ event }) => event === "channel.delivery_refused")
        .map(({ reason }) => reason),
    newAddress: () => `127.0.4.${(lastAddress += 1)}`,
    async stop() {
      await server.stop();
      await Promise.all([slack, whatsapp, discord, telegram, webhook.fake].map((fake) => fake.close()));
    },
  };
}

/** A signature that ends in hexadecimal digits, with the same bytes in base64url. */
function digitsReencoded(signature: string): string {
  const digits = /[0-9a-f]{64,}$/.exec(signature)?.[0] ?? "";
  return signature.slice(0, -digits.length) + Buffer.from(digits, "hex").toString("base64url");
}

const SIGNED = { taken: 200, signsBody: true, signsTime: true, knowsRepeats: false, reencode: digitsReencoded };

function slackSide(fake: FakeSlack): HookPlatform<FakePlatform> {
  let count = 0;
  return {
    ...SIGNED,
    fake,
    sign: (body) => fake.sign(body),
    signature: "x-slack-signature",
    maxBody: 1_048_576,
    known: "U0ALICE",
    blocked: "U0MALLORY",
    stranger: "U0STRANGER",
    message(sender, text, name) {
      const eventId = `Ev${String((count += 1)).padStart(8, "0")}`;
      const profile = name === undefined ? {} : { user_profile: { name, real_name: name, display_name: name } };
      const body = fake.envelope(fake.directMessage(sender, text, { username: name, ...profile }), eventId);
      return { body, eventId, headers: (at, spelled = body) => ({ ...JSON_TYPE, ...fake.sign(spelled, at) }) };
    },
    told: (sender) => fake.messages.filter(({ channel }) => channel === `D${sender.slice(1)}`).map(({ text }) => text),
  };
}

function whatsappSide(fake: FakeWhatsapp): HookPlatform<FakePlatform> {
  return {
    ...SIGNED,
    signsTime: false,
    fake,
    sign: (body) => fake.sign(body),
    signature: "x-hub-signature-256",
    maxBody: 3 * 1_048_576,
    known: "4915111111111",
    blocked: "4915122222222",
    stranger: "4915133333333",
    message(sender, text, name = "Somebody") {
      const message = fake.text(sender, text);
      const body = fake.batch([message], { contacts: [{ profile: { name }, wa_id: sender }] });
      return { body, eventId: message.id, headers: (_at, spelled = body) => ({ ...JSON_TYPE, ...fake.sign(spelled) }) };
    },
    told: (sender) => fake.messages.filter(({ to }) => to === sender).map(({ text }) => text),
  };
}

function discordSide(fake: FakeDiscord): HookPlatform<FakePlatform> {
  const asked = new Map<string, Set<string>>();
  return {
    ...SIGNED,
    fake,
    sign: (body) => fake.sign(body),
    signature: "x-signature-ed25519",
    maxBody: 1_048_576,
    known: "53908232506183680",
    blocked: "53908232506183681",
    stranger: "53908232506183682",
    message(sender, text, name = "somebody") {
      const [command = "", ...words] = text.slice(1).split(" ");
      const alone = {
        context: 1,
        guild_id: undefined,
        member: undefined,
        user: { id: sender, username: name, global_name: name },
      };
      const options: Record<string, string> = words.length === 0 ? {} : { text: words.join(" ") };
      const interaction = fake.command(sender, command, options, alone);
      const tokens = asked.get(sender) ?? new Set();
      asked.set(sender, tokens.add(interaction.token));
      const body = JSON.stringify(interaction);
      return {
        body,
        eventId: interaction.id,
        headers: (at, spelled = body) => ({ ...JSON_TYPE, ...fake.sign(spelled, at) }),
      };
    },
    told: (sender) =>
      fake.messages.filter(({ interaction }) => asked.get(sender)?.has(interaction ?? "")).map(({ text }) => text),
  };
}
