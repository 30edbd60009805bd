/** Slack, WhatsApp and Discord behind one server, each with a sender it knows; what a test sends and sees is named alike for the three. */
import { vi } from "vitest";
import { startFakeDiscord, type FakeDiscord } from "./fake-discord.ts";
import type { FakePlatform } from "./fake-platform.ts";
import { startFakeSlack, type FakeSlack } from "./fake-slack.ts";
import { startFakeWhatsapp, type FakeWhatsapp } from "./fake-whatsapp.ts";
import { startServer, type TestServer } from "./server.ts";

export const PLATFORMS = ["slack", "whatsapp", "discord"] as const;
export type PlatformName = (typeof PLATFORMS)[number];

/** A body with what proves it. */
export interface Signed {
  body: string;
  eventId: string;
  /** @param at seconds since 1970; WhatsApp signs no time */
  headers: (at?: number) => Record<string, string>;
}

export interface HookPlatform {
  fake: FakePlatform;
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
  all: Record<PlatformName, HookPlatform>;
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

export async function startPlatforms(moreChannels = "", env: Record<string, string> = {}): Promise<Platforms> {
  const [slack, whatsapp, discord] = await Promise.all([startFakeSlack(), startFakeWhatsapp(), startFakeDiscord()]);
  const all: Platforms["all"] = {
    slack: slackSide(slack),
    whatsapp: whatsappSide(whatsapp),
    discord: discordSide(discord),
  };
  const permissions = (name: PlatformName): string =>
    `permissions: { allowedUsers: ["${all[name].known}"], blockedUsers: ["${all[name].blocked}"] }`;
  const config = `{
    security: {
      authorization: { roles: { user: { permissions: ["read", "write"], channels: ["*"], commands: ["*"] } } },
      rateLimit: { perUser: ${WIDE}, perChannel: ${WIDE}, global: ${WIDE} },
    },
    channels: {
      slack: { ${permissions("slack")}, connection: { type: "slack", signingSecret: "${slack.signingSecret}", botToken: "${slack.botToken}", apiBase: "${slack.apiBase}" } },
      whatsapp: { ${permissions("whatsapp")}, connection: { type: "whatsapp", appSecret: "${whatsapp.appSecret}", verifyToken: "${VERIFY_TOKEN}", accessToken: "${whatsapp.accessToken}", phoneNumberId: "${whatsapp.phoneNumberId}", apiBase: "${whatsapp.apiBase}" } },
      discord: { ${permissions("discord")}, connection: { type: "discord", publicKey: "${discord.publicKey}", applicationId: "${discord.applicationId}", botToken: "${discord.botToken}", apiBase: "${discord.apiBase}" } },
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
      await Promise.all([slack.close(), whatsapp.close(), discord.close()]);
    },
  };
}

function slackSide(fake: FakeSlack): HookPlatform {
  let count = 0;
  return {
    fake,
    signature: "x-slack-signature",
    maxBody: 1_048_576,
    known: "U0ALICE",
    blocked: "U0MALLORY",
    stranger: "U0STRANGER",
    message(sender, text, name) {
      const eventId = `Ev${String((count += 1)).padStart(8, "0")}`;
      const profile = name === undefined ? {} : { user_profile: { name, real_name: name, display_name: name } };
      const body = fake.envelope(fake.directMessage(sender, text, { username: name, ...profile }), eventId);
      return { body, eventId, headers: (at) => ({ ...JSON_TYPE, ...fake.sign(body, at) }) };
    },
    told: (sender) => fake.messages.filter(({ channel }) => channel === `D${sender.slice(1)}`).map(({ text }) => text),
  };
}

function whatsappSide(fake: FakeWhatsapp): HookPlatform {
  return {
    fake,
    signature: "x-hub-signature-256",
    maxBody: 3 * 1_048_576,
    known: "4915111111111",
    blocked: "4915122222222",
    stranger: "4915133333333",
    message(sender, text, name = "Somebody") {
      const message = fake.text(sender, text);
      const body = fake.batch([message], { contacts: [{ profile: { name }, wa_id: sender }] });
      return { body, eventId: message.id, headers: () => ({ ...JSON_TYPE, ...fake.sign(body) }) };
    },
    told: (sender) => fake.messages.filter(({ to }) => to === sender).map(({ text }) => text),
  };
}

function discordSide(fake: FakeDiscord): HookPlatform {
  const asked = new Map<string, Set<string>>();
  return {
    fake,
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
      return { body, eventId: interaction.id, headers: (at) => ({ ...JSON_TYPE, ...fake.sign(body, at) }) };
    },
    told: (sender) =>
      fake.messages.filter(({ interaction }) => asked.get(sender)?.has(interaction ?? "")).map(({ text }) => text),
  };
}
