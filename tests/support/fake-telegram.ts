/**
 * Telegram on loopback: the methods of the Bot API that are used here, as https://core.telegram.org/bots/api describes them (limits of 4096
 * UTF-16 units, refusals with `error_code`, 429 with `parameters.retry_after`), and deliveries as Telegram makes them.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export const BOT_TOKEN = "123456789:AAFakeTokenOfABotThatDoesNotExist00";
export const BOT_USERNAME = "OpenclawTestBot";

interface SentMessage {
  messageId: number;
  chatId: number;
  text: string;
  body: Record<string, unknown>;
}

export interface FakeTelegram {
  /** For `apiBase`. */
  apiBase: string;
  sent: SentMessage[];
  edited: { messageId: number; text: string }[];
  /** The next calls of sendMessage are answered with these instead. `cut`: the connection ends without an answer. */
  fail(...answers: (Record<string, unknown> | "cut")[]): void;
  /** From now on sendMessage takes calls and answers none, until they are released. */
  hold(): { waiting(): number; release(): void };
  /** When each call of sendMessage came (milliseconds of `performance.now`). */
  calls: number[];
  files: Map<string, Buffer>;
  close(): Promise<void>;
}

export async function startFakeTelegram(): Promise<FakeTelegram> {
  const fake = { sent: [] as SentMessage[], edited: [] as FakeTelegram["edited"], calls: [] as number[] };
  const files = new Map<string, Buffer>();
  const failures: (Record<string, unknown> | "cut")[] = [];
  let lastId = 1000;
  let held: { until: Promise<void>; waiting: number } | null = null;

  const methods: Record<string, (body: Record<string, unknown>) => object | "cut"> = {
    getMe: () => ok({ id: 123456789, is_bot: true, first_name: "Test", username: BOT_USERNAME }),
    sendMessage(body) {
      fake.calls.push(performance.now());
      const failure = failures.shift();
      if (failure !== undefined) {
        return failure;
      }
      const text = typeof body["text"] === "string" ? body["text"] : "";
      if (typeof body["chat_id"] !== "number" || text.trim() === "") {
        return refused(400, "Bad Request: message text is empty");
      }
      if (text.length > 4096) {
        return refused(400, "Bad Request: message is too long");
      }
      lastId += 1;
      fake.sent.push({ messageId: lastId, chatId: body["chat_id"], text, body });
      return ok({ message_id: lastId, date: 0, chat: { id: body["chat_id"], type: "private" }, text });
    },
    editMessageText(body) {
      fake.edited.push({ messageId: Number(body["message_id"]), text: String(body["text"]) });
      return ok({ message_id: body["message_id"] });
    },
    getFile(body) {
      const id = String(body["file_id"]);
      const content = files.get(id);
      return content === undefined
        ? refused(400, "Bad Request: invalid file_id")
        : ok({ file_id: id, file_size: content.length, file_path: `documents/${id}` });
    },
  };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, first, second, ...rest] = (request.url ?? "").split("/");
    const content = first === "file" && second === `bot${BOT_TOKEN}` ? files.get(rest.at(-1) ?? "") : undefined;
    if (content !== undefined) {
      response.end(content);
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) {
      chunks.push(chunk);
    }
    const method = first === `bot${BOT_TOKEN}` ? methods[second ?? ""] : undefined;
    if (held !== null && second === "sendMessage") {
      held.waiting += 1;
      await held.until;
    }
    const answer =
      method === undefined
        ? refused(first === `bot${BOT_TOKEN}` ? 404 : 401, first === `bot${BOT_TOKEN}` ? "Not Found" : "Unauthorized")
        : method(JSON.parse(Buffer.concat(chunks).toString() || "{}") as Record<string, unknown>);
    if (answer === "cut") {
      request.socket.destroy();
      return;
    }
    const status = "error_code" in answer ? Number(answer.error_code) : 200;
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
  }

  const server = createServer((request, response) => void serve(request, response).catch(() => response.destroy()));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    ...fake,
    apiBase: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    files,
    fail: (...answers) => void failures.push(...answers),
    hold() {
      const { promise: until, resolve } = Promise.withResolvers<void>();
      const holding = { until, waiting: 0 };
      held = holding;
      return {
        waiting: () => holding.waiting,
        release() {
          held = null;
          resolve();
        },
      };
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const ok = (result: object): object => ({ ok: true, result });
const refused = (code: number, description: string): object => ({ ok: false, error_code: code, description });

/** 429 as Telegram sends it. */
export const tooMany = (seconds: number): Record<string, unknown> => ({
  ok: false,
  error_code: 429,
  description: `Too Many Requests: retry after ${seconds}`,
  parameters: { retry_after: seconds },
});

interface UpdateParts {
  text?: string;
  from?: number;
  chat?: number;
  type?: "private" | "group" | "supergroup";
  more?: Record<string, unknown>;
}

/** An update with a message. */
export function messageUpdate(
  updateId: number,
  { text = "/help", from = 42, chat = from, type = "private", more }: UpdateParts = {},
) {
  return {
    update_id: updateId,
    message: {
      message_id: updateId + 5000,
      date: Math.floor(Date.now() / 1000),
      from: { id: from, is_bot: false, first_name: "Ada", username: "ada" },
      chat: { id: chat, type },
      text,
      ...more,
    },
  };
}
