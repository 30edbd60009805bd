/**
 * A stream of OpenAI's chat as one of Anthropic's messages. Pure. There one block follows the other, each with its start and stop; here
 * pieces of several tool calls may come mixed. The first call that is open passes as it comes, pieces of others wait for their turn.
 */
import { isObject, objectIn, parseObject, type JsonObject } from "#server/models/json.ts";
import type { SseEvent } from "#server/models/sse.ts";
import { callId, messageId } from "#server/models/translate/messages-from-chat.ts";
import { messagesUsage, stopReason } from "#server/models/translate/usage.ts";
import type { StreamTranslator } from "#server/models/translator.ts";

interface Call {
  /** The provider's number for it. */
  index: unknown;
  id: string;
  name: string;
  /** Arguments that have not been passed on. */
  waiting: string;
}

const frame = (type: string, members: JsonObject): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...members })}\n\n`;

/** @returns a translator that throws at the end of a stream that broke off */
export function messagesStream(): StreamTranslator {
  return new MessagesStream();
}

class MessagesStream implements StreamTranslator {
  #started = false;
  #over = false;
  /** Number of the block that is open or comes next. */
  #block = 0;
  #textOpen = false;
  /** Calls that are not closed; the first is the block that is open. */
  #calls: Call[] = [];
  #callCount = 0;
  #finish: unknown = null;
  #usage: JsonObject | null = null;

  push({ data }: SseEvent): string[] {
    if (data === null || this.#over) {
      return [];
    }
    if (data.trim() === "[DONE]") {
      return this.#close();
    }
    const chunk = parseObject(data);
    if (chunk === null) {
      return [];
    }
    const error = objectIn(chunk, "error");
    if (error !== null) {
      this.#over = true;
      const message = typeof error["message"] === "string" ? error["message"] : "The model's provider failed.";
      return [frame("error", { error: { type: "api_error", message } })];
    }
    this.#usage = objectIn(chunk, "usage") ?? this.#usage;
    const start = this.#started ? [] : this.#start(chunk);
    const choices: unknown = chunk["choices"];
    const choice: unknown = Array.isArray(choices) ? choices[0] : undefined;
    if (!isObject(choice)) {
      return start;
    }
    this.#finish = choice["finish_reason"] ?? this.#finish;
    return [...start, ...this.#delta(objectIn(choice, "delta") ?? {})];
  }

  end(): string[] {
    // Not every server says [DONE]; all say why they finished.
    return this.#over ? [] : this.#close();
  }

  #start(chunk: JsonObject): string[] {
    this.#started = true;
    const message = {
      id: messageId(chunk["id"]),
      type: "message",
      role: "assistant",
      model: typeof chunk["model"] === "string" ? chunk["model"] : "",
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: messagesUsage(null),
    };
    return [frame("message_start", { message })];
  }

  #delta(delta: JsonObject): string[] {
    const text = [delta["content"], delta["refusal"]].find((value) => typeof value === "string" && value !== "");
    const calls: unknown[] = Array.isArray(delta["tool_calls"]) ? delta["tool_calls"] : [];
    return [
      ...(typeof text === "string" ? this.#text(text) : []),
      ...calls.filter(isObject).flatMap((call) => this.#call(call)),
    ];
  }

  #text(text: string): string[] {
    const before = this.#closeCalls();
    const opened = this.#textOpen
      ? []
      : [frame("content_block_start", { index: this.#block, content_block: { type: "text", text: "" } })];
    this.#textOpen = true;
    return [
      ...before,
      ...opened,
      frame("content_block_delta", { index: this.#block, delta: { type: "text_delta", text } }),
    ];
  }

  #call(piece: JsonObject): string[] {
    const { name, arguments: written } = objectIn(piece, "function") ?? {};
    const text = typeof written === "string" ? written : "";
    const known = this.#calls.findLast(({ index }) => index === piece["index"]);
    // Some servers number all calls alike and tell them apart by their ids.
    const isOther = typeof piece["id"] === "string" && piece["id"] !== "" && piece["id"] !== known?.id;
    if (known !== undefined && !(isOther && typeof name === "string" && name !== "")) {
      if (known !== this.#calls[0]) {
        known.waiting += text;
        return [];
      }
      return this.#arguments(text);
    }
    if (typeof name !== "string") {
      throw new Error("the provider's stream continues a call that it did not begin");
    }
    const before = this.#closeText();
    const call = { index: piece["index"], id: callId(piece["id"], this.#callCount), name, waiting: text };
    this.#callCount += 1;
    this.#calls.push(call);
    return [...before, ...(this.#calls.length === 1 ? this.#open(call) : [])];
  }

  #open(call: Call): string[] {
    const { id, name, waiting } = call;
    call.waiting = "";
    return [
      frame("content_block_start", { index: this.#block, content_block: { type: "tool_use", id, name, input: {} } }),
      ...this.#arguments(waiting),
    ];
  }

  #arguments(text: string): string[] {
    return text === ""
      ? []
      : [frame("content_block_delta", { index: this.#block, delta: { type: "input_json_delta", partial_json: text } })];
  }

  #stop(): string {
    const stopped = frame("content_block_stop", { index: this.#block });
    this.#block += 1;
    return stopped;
  }

  #closeText(): string[] {
    const wasOpen = this.#textOpen;
    this.#textOpen = false;
    return wasOpen ? [this.#stop()] : [];
  }

  #closeCalls(): string[] {
    return this.#calls.splice(0).flatMap((call, place) => [...(place === 0 ? [] : this.#open(call)), this.#stop()]);
  }

  #close(): string[] {
    if (!this.#started || this.#finish === null) {
      throw new Error("the provider's stream ended before its answer did");
    }
    this.#over = true;
    return [
      ...this.#closeText(),
      ...this.#closeCalls(),
      frame("message_delta", {
        delta: { stop_reason: stopReason(this.#finish), stop_sequence: null },
        usage: messagesUsage(this.#usage),
      }),
      frame("message_stop", {}),
    ];
  }
}
