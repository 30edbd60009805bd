/**
 * Telegram's Bot API by webhook. Source: https://core.telegram.org/bots/api
 * Threats: a forged update (the secret header is compared in constant time before a byte of the body is read); the bot's token, which stands
 * in every address of the API, in an error or a log; a link preview that fetches an address an injected reply was made to hold.
 */
import { z } from "zod";
import type {
  AdapterFactory,
  ChannelAdapter,
  ChannelHttp,
  HookRequest,
  Reading,
  Sent,
  Verdict,
} from "#server/channels/adapter.ts";
import { needed } from "#server/channels/adapters/needed.ts";
import { eventsOf, Update, type Bot } from "#server/channels/adapters/telegram-update.ts";
import { malformed, readJson } from "#server/channels/adapters/wire.ts";
import type { ReplyTarget } from "#server/channels/schema.ts";
import { fault, sameSecret } from "#server/channels/signature.ts";
import { AppError } from "#server/core/errors.ts";

const SECRET_HEADER = "x-telegram-bot-api-secret-token";
const API_BASE = "https://api.telegram.org";
/** UTF-16 units of one message. */
const MAX_TEXT = 4096;
const MAX_BODY_BYTES = 1024 * 1024;
/** Without the bot's name it is asked for again after this long (milliseconds). */
const ASK_AGAIN_MS = 30_000;

const Answer = z.object({
  ok: z.boolean(),
  result: z.unknown().optional(),
  error_code: z.int().optional(),
  description: z.string().optional(),
  parameters: z.object({ retry_after: z.number().min(0).optional() }).optional(),
});
type Answer = z.infer<typeof Answer>;

export const createTelegram: AdapterFactory = (connection) => {
  const token = needed(connection, "botToken");
  const secret = needed(connection, "webhookSecret");
  const base = (connection.apiBase ?? API_BASE).replace(/\/+$/, "");
  const botId = Number(/^\d{1,16}(?=:)/.exec(token)?.[0] ?? Number.NaN);
  if (Number.isNaN(botId)) {
    const path = `channels.${connection.channel}.connection.botToken`;
    throw new AppError("NOT_CONFIGURED", `${path} is no token of a Telegram bot, which looks like 123456:ABC…`, {
      details: { key: path },
    });
  }
  const bot: Bot = { id: botId, username: null };
  let askedAt = Number.NEGATIVE_INFINITY;

  const call = (http: ChannelHttp, method: string, body: object): Promise<{ status: number; answer: Answer }> =>
    callApi(http, `${base}/bot${token}/${method}`, body);

  const precheck = (request: HookRequest): Verdict => {
    const given = request.header(SECRET_HEADER);
    if (given === undefined) {
      return fault("signature_missing");
    }
    return sameSecret(secret, given) ? { ok: true } : fault("signature_wrong");
  };

  async function askWho(http: ChannelHttp): Promise<{ ok: true; account: string } | { ok: false; reason: string }> {
    const { status, answer } = await call(http, "getMe", {});
    const me = z.object({ id: z.int(), username: z.string() }).safeParse(answer.result);
    if (!answer.ok || !me.success) {
      return { ok: false, reason: reasonOf(status, answer) };
    }
    bot.username = me.data.username;
    return { ok: true, account: `@${me.data.username}` };
  }

  const adapter: ChannelAdapter = {
    maxText: MAX_TEXT,
    measure: (text) => text.length,
    maxBodyBytes: MAX_BODY_BYTES,
    precheck,
    // The header is the whole proof; asked again so that nothing depends on who calls this.
    verify: precheck,
    async prepare(http) {
      if (bot.username === null && performance.now() - askedAt > ASK_AGAIN_MS) {
        askedAt = performance.now();
        await askWho(http).catch(() => undefined);
      }
    },
    read: (_request, body) => read(body, bot),
    async send(http, target, text) {
      const { status, answer } = await call(http, "sendMessage", { ...placeOf(target), ...contentOf(text) });
      return sentOf(status, answer);
    },
    async edit(http, target, platformMessageId, text) {
      const where = { chat_id: Number(target.conversationId), message_id: Number(platformMessageId) };
      const { status, answer } = await call(http, "editMessageText", { ...where, ...contentOf(text) });
      return sentOf(status, answer);
    },
    async fetchAttachment(http, attachment, maxBytes) {
      const { status, answer } = await call(http, "getFile", { file_id: attachment.reference });
      const file = z.object({ file_path: z.string(), file_size: z.int().optional() }).safeParse(answer.result);
      if (!answer.ok || !file.success) {
        throw new AppError(
          "INVALID_INPUT",
          `The file "${attachment.name}" could not be fetched: ${reasonOf(status, answer)}`,
        );
      }
      const { file_path: path, file_size: size = 0 } = file.data;
      if (size > maxBytes || path.split("/").includes("..")) {
        throw new AppError("INVALID_INPUT", `The file "${attachment.name}" is larger than ${maxBytes} bytes.`);
      }
      const url = `${base}/file/bot${token}/${path.split("/").map(encodeURIComponent).join("/")}`;
      const fetched = await http({ method: "GET", url, headers: {}, maxBytes });
      if (fetched.status !== 200) {
        throw new AppError(
          "INVALID_INPUT",
          `The file "${attachment.name}" could not be fetched: HTTP ${fetched.status}.`,
        );
      }
      return fetched.body;
    },
    probe: askWho,
  };
  return adapter;
};

function read(body: Buffer, bot: Bot): Reading {
  const update = readJson(body);
  if (update === undefined) {
    return malformed("the body is not JSON in UTF-8");
  }
  const parsed = Update.safeParse(update);
  if (!parsed.success) {
    return malformed(`${parsed.error.issues[0]?.path.join(".") ?? ""} is not that of an Update`);
  }
  return {
    kind: "events",
    events: eventsOf(parsed.data, bot),
    answer: { status: 200, contentType: "application/json", body: "{}" },
  };
}

async function callApi(http: ChannelHttp, url: string, body: object): Promise<{ status: number; answer: Answer }> {
  const headers = { "content-type": "application/json" };
  const { status, body: bytes } = await http({ method: "POST", url, headers, body: JSON.stringify(body) });
  return { status, answer: parseAnswer(bytes) };
}

function parseAnswer(bytes: Buffer): Answer {
  try {
    return Answer.parse(JSON.parse(bytes.toString("utf8")));
  } catch {
    return { ok: false };
  }
}

const placeOf = (target: ReplyTarget): object => ({
  chat_id: Number(target.conversationId),
  ...(target.threadId === null ? {} : { message_thread_id: Number(target.threadId) }),
  ...(target.messageId === null
    ? {}
    : // A message that was deleted meanwhile is answered all the same.
      { reply_parameters: { message_id: Number(target.messageId), allow_sending_without_reply: true } }),
});

/** Plain text: no `parse_mode`, so nothing in a reply is markup. */
const contentOf = (text: string): object => ({ text, link_preview_options: { is_disabled: true } });

function sentOf(status: number, answer: Answer): Sent {
  if (answer.ok) {
    const sent = z.object({ message_id: z.int() }).safeParse(answer.result);
    return { ok: true, platformMessageId: sent.success ? String(sent.data.message_id) : null };
  }
  const seconds = answer.parameters?.retry_after;
  return {
    ok: false,
    retry: status === 429 || status >= 500,
    retryAfterMs: seconds === undefined ? null : seconds * 1000,
    reason: reasonOf(status, answer),
  };
}

const reasonOf = (status: number, { description }: Answer): string =>
  `Telegram answered ${status}${description === undefined ? "" : `: ${description.slice(0, 200)}`}`;
