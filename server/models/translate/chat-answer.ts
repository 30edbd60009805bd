/** Answers of Anthropic's messages in the words of OpenAI's chat, whole and as a stream. Pure. */
import type { JsonObject } from "#server/models/json.ts";
import type { SseEvent } from "#server/models/sse.ts";
import { MessagesStreamReader, readMessagesAnswer, type Step } from "#server/models/translate/messages-answer.ts";
import { chatUsage, finishReason } from "#server/models/translate/usage.ts";
import type { StreamTranslator } from "#server/models/translator.ts";

const idOf = (id: string): string => `chatcmpl-${id}`;

/** @param created seconds since 1970. @throws Error when it is no answer */
export function chatFromMessages(body: JsonObject, created: number): JsonObject {
  const { id, model, text, tools, stopReason, counts } = readMessagesAnswer(body);
  const calls = tools.map((call) => ({
    id: call.id,
    type: "function",
    function: { name: call.name, arguments: call.arguments },
  }));
  const message = {
    role: "assistant",
    content: text === "" && calls.length > 0 ? null : text,
    refusal: null,
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
  return {
    id: idOf(id),
    object: "chat.completion",
    created,
    model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason(stopReason) }],
    usage: chatUsage(counts),
  };
}

interface ChatStreamOptions {
  /** Seconds since 1970. */
  created: number;
  /** The caller asked for the chunk with the usage. */
  includeUsage: boolean;
}

/** @returns a translator that throws at the end of a stream that broke off */
export function chatStream({ created, includeUsage }: ChatStreamOptions): StreamTranslator {
  const reader = new MessagesStreamReader();
  let common: JsonObject = {};
  let calls = 0;
  const frame = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;
  const noUsage = includeUsage ? { usage: null } : {};
  const chunk = (delta: JsonObject, reason: string | null = null): string =>
    frame({ ...common, choices: [{ index: 0, delta, logprobs: null, finish_reason: reason }], ...noUsage });

  function write(step: Step): string[] {
    switch (step.kind) {
      case "start":
        common = { id: idOf(step.id), object: "chat.completion.chunk", created, model: step.model };
        return [chunk({ role: "assistant", content: "", refusal: null })];
      case "text":
        return [chunk({ content: step.text })];
      case "tool": {
        const call = { index: calls, id: step.id, type: "function", function: { name: step.name, arguments: "" } };
        calls += 1;
        return [chunk({ tool_calls: [call] })];
      }
      case "arguments":
        return [chunk({ tool_calls: [{ index: calls - 1, function: { arguments: step.text } }] })];
      case "text-end":
      case "tool-end":
        return [];
      case "finish":
        return [
          chunk({}, finishReason(step.stopReason)),
          ...(includeUsage ? [frame({ ...common, choices: [], usage: chatUsage(step.counts) })] : []),
          "data: [DONE]\n\n",
        ];
      case "error":
        return [frame({ error: { message: step.message, type: "server_error", param: null, code: "provider_error" } })];
    }
  }

  return {
    push: (event: SseEvent) => (reader.over ? [] : reader.push(event).flatMap(write)),
    end() {
      if (!reader.over) {
        throw new Error("the provider's stream ended before its answer did");
      }
      return [];
    },
  };
}
