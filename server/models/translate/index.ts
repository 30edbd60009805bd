/** Which pairs of APIs are translated. A translator serves one call: it remembers what was asked for. */
import type { JsonObject } from "#server/models/json.ts";
import type { ApiType } from "#server/models/policy.ts";
import { chatFromMessages, chatStream } from "#server/models/translate/chat-answer.ts";
import { chatToMessages } from "#server/models/translate/chat-to-messages.ts";
import { translatedError } from "#server/models/translate/errors.ts";
import { messagesFromChat } from "#server/models/translate/messages-from-chat.ts";
import { messagesStream } from "#server/models/translate/messages-stream.ts";
import { messagesToChat } from "#server/models/translate/messages-to-chat.ts";
import { responseFromMessages, responseStream } from "#server/models/translate/responses-answer.ts";
import { responsesToMessages } from "#server/models/translate/responses-to-messages.ts";
import type { Translator } from "#server/models/translator.ts";

type Pair = (created: number) => Translator;

/** By the caller's path and the provider's API. */
const PAIRS: Readonly<Record<string, Pair>> = {
  "/v1/chat/completions anthropic": fromChat,
  "/v1/responses anthropic": fromResponses,
  "/v1/messages openai": fromMessages,
};

/** A translator for one call; null = this pair is not translated. @param now milliseconds since 1970 */
export function translatorFor(path: string, provider: ApiType, now = Date.now()): Translator | null {
  const key = `${path} ${provider}`;
  return Object.hasOwn(PAIRS, key) ? (PAIRS[key]?.(Math.floor(now / 1000)) ?? null) : null;
}

function fromChat(created: number): Translator {
  let includeUsage = false;
  return {
    path: "/messages",
    request(body) {
      const options = body["stream_options"];
      includeUsage =
        typeof options === "object" && options !== null && "include_usage" in options && options.include_usage === true;
      return chatToMessages(body);
    },
    response: (body) => chatFromMessages(body, created),
    stream: () => chatStream({ created, includeUsage }),
    error: (status, text) => translatedError("openai", status, text),
  };
}

function fromResponses(created: number): Translator {
  let asked: JsonObject = {};
  return {
    path: "/messages",
    request(body) {
      asked = body;
      return responsesToMessages(body);
    },
    response: (body) => responseFromMessages(body, { created, body: asked }),
    stream: () => responseStream({ created, body: asked }),
    error: (status, text) => translatedError("openai", status, text),
  };
}

function fromMessages(): Translator {
  return {
    path: "/chat/completions",
    request: messagesToChat,
    response: messagesFromChat,
    stream: messagesStream,
    error: (status, text) => translatedError("anthropic", status, text),
  };
}
