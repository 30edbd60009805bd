/**
 * Discord on loopback: webhooks of interactions, messages of channels, and signed interactions.
 * Sources: https://discord.com/developers/docs/interactions/receiving-and-responding, …/resources/message#create-message,
 * …/topics/rate-limits
 */
import { generateKeyPairSync, randomBytes, randomInt, sign as signBytes } from "node:crypto";
import type { APIChatInputApplicationCommandInteraction, APIInteraction } from "discord-api-types/v10";
import {
  characters,
  deliver,
  seconds,
  startPlatform,
  type Delivered,
  type FakePlatform,
  type PlatformReply,
  type PlatformRequest,
} from "./fake-platform.ts";

interface DiscordMessage {
  id: string;
  /** The token of the interaction it answers; null = the bot wrote it into the channel. */
  interaction: string | null;
  channel: string;
  text: string;
  /** Whether addresses in it are looked at, and mentions call anybody. */
  embeds: boolean;
  mentions: boolean;
  edits: number;
}

export interface FakeDiscord extends FakePlatform {
  /** What goes into `connection.apiBase`. */
  apiBase: string;
  publicKey: string;
  applicationId: string;
  botToken: string;
  messages: DiscordMessage[];
  files: Map<string, Buffer>;
  /** Tokens of interactions for which "… is thinking" is shown still. */
  thinking: Set<string>;
  sign(body: string, at?: number): Record<string, string>;
  /** A slash command of `user`; its token is known from now on. */
  command(
    user: string,
    name: string,
    options?: Record<string, string>,
    more?: object,
  ): APIChatInputApplicationCommandInteraction;
  /** Delivers once: Discord does not try again. */
  interact(url: string, interaction: APIInteraction | object): Promise<Delivered>;
  /** Fifteen minutes are over for all tokens so far. */
  expireTokens(): void;
  close(): Promise<void>;
}

const SUPPRESS_EMBEDS = 4;
const LOADING = 128;

export async function startFakeDiscord(): Promise<FakeDiscord> {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const applicationId = snowflake();
  const botToken = randomBytes(12).toString("base64url");
  const publicHex = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url").toString("hex");
  const messages: DiscordMessage[] = [];
  const files = new Map<string, Buffer>();
  const thinking = new Set<string>();
  /** Channels of interactions, by token. */
  const tokens = new Map<string, string>();

  function answer(request: PlatformRequest): PlatformReply {
    const { method, path, headers } = request;
    if (!/^DiscordBot \(/.test(headers["user-agent"] ?? "")) {
      return { status: 403, body: { message: "internal network error", code: 40333 } };
    }
    const file = files.get(path);
    if (file !== undefined) {
      return { status: 200, body: file };
    }
    const webhook = new RegExp(`^/api/v10/webhooks/${applicationId}/([^/]+)(?:/messages/([^/]+))?$`).exec(path);
    if (webhook?.[1] !== undefined) {
      const channel = tokens.get(decodeURIComponent(webhook[1]));
      return channel === undefined
        ? { status: 401, body: { message: "Invalid Webhook Token", code: 50027 } }
        : take(request, channel, decodeURIComponent(webhook[1]), webhook[2]);
    }
    if (headers.authorization !== `Bot ${botToken}`) {
      return { status: 401, body: { message: "401: Unauthorized", code: 0 } };
    }
    if (method === "GET" && path === "/api/v10/applications/@me") {
      return { status: 200, body: { id: applicationId, name: "Fake App", verify_key: publicHex } };
    }
    const channel = /^\/api\/v10\/channels\/(\d+)\/messages(?:\/([^/]+))?$/.exec(path);
    return channel?.[1] === undefined
      ? { status: 404, body: { message: "404: Not Found", code: 0 } }
      : take(request, channel[1], null, channel[2]);
  }

  function take(
    { method, body }: PlatformRequest,
    channel: string,
    interaction: string | null,
    messageId: string | undefined,
  ): PlatformReply {
    if (interaction !== null && messageId === "@original" && (method === "DELETE" || method === "GET")) {
      return original(method, interaction);
    }
    const { content } = body;
    if (typeof content !== "string" || content === "" || characters(content) > 2000) {
      return { status: 400, body: { message: "Invalid Form Body", code: 50035 } };
    }
    const parse = (body["allowed_mentions"] as { parse?: unknown[] } | undefined)?.parse;
    const known = messages.find((message) => message.id === messageId && message.channel === channel);
    if (method === "PATCH" && known !== undefined) {
      known.text = content;
      known.edits += 1;
      return { status: 200, body: { id: known.id, channel_id: channel, content } };
    }
    if (method !== "POST" || messageId !== undefined) {
      return { status: 404, body: { message: "Unknown Message", code: 10008 } };
    }
    const message: DiscordMessage = {
      id: snowflake(),
      interaction,
      channel,
      text: content,
      embeds: (Number(body["flags"] ?? 0) & SUPPRESS_EMBEDS) === 0,
      mentions: parse === undefined || parse.length > 0,
      edits: 0,
    };
    messages.push(message);
    thinking.delete(interaction ?? "");
    return { status: 200, body: { id: message.id, channel_id: channel, content } };
  }

  /** What stands under the command: "… is thinking", then the first message. */
  function original(method: "GET" | "DELETE", interaction: string): PlatformReply {
    const answered = messages.find((message) => message.interaction === interaction);
    if (!thinking.has(interaction) && answered === undefined) {
      return { status: 404, body: { message: "Unknown Message", code: 10008 } };
    }
    if (method === "GET") {
      return { status: 200, body: { id: answered?.id ?? "1", flags: answered === undefined ? LOADING : 0 } };
    }
    if (!thinking.delete(interaction)) {
      messages.splice(
        messages.findIndex(({ id }) => id === answered?.id),
        1,
      );
    }
    return { status: 204, body: "" };
  }

  const platform = await startPlatform(answer);
  const sign: FakeDiscord["sign"] = (body, at = seconds()) => ({
    "x-signature-timestamp": String(at),
    "x-signature-ed25519": signBytes(null, Buffer.from(`${at}${body}`), privateKey).toString("hex"),
  });

  return {
    ...platform,
    apiBase: `${platform.origin}/api/v10`,
    publicKey: publicHex,
    applicationId,
    botToken,
    messages,
    files,
    thinking,
    sign,
    command(user, name, options = {}, more = {}) {
      const channel = snowflake();
      const token = randomBytes(24).toString("base64url");
      tokens.set(token, channel);
      thinking.add(token);
      const given = Object.entries(options).map(([option, value]) => ({ name: option, type: 3, value }));
      return {
        id: snowflake(),
        application_id: applicationId,
        type: 2,
        token,
        version: 1,
        context: 0,
        guild_id: snowflake(),
        channel_id: channel,
        channel: { id: channel, type: 0 },
        member: { user: { id: user, username: "somebody", global_name: null }, nick: null, roles: [] },
        data: { id: snowflake(), name, type: 1, options: given },
        ...more,
      } as unknown as APIChatInputApplicationCommandInteraction;
    },
    interact(url, interaction) {
      const body = JSON.stringify(interaction);
      return deliver(url, { body, headers: () => ({ "content-type": "application/json", ...sign(body) }) });
    },
    expireTokens: () => tokens.clear(),
  };
}

/** An id of Discord: the time since 2015 in milliseconds above 22 bits. */
function snowflake(): string {
  return String((BigInt(Date.now() - 1_420_070_400_000) << 22n) + BigInt(randomInt(2 ** 22)));
}
