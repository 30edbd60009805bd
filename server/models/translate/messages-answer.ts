/** Answers of Anthropic's messages, whole and as a stream, read once for all APIs they are translated to. Pure. */
import { isObject, objectIn, parseObject, type JsonObject } from "#server/models/json.ts";
import type { SseEvent } from "#server/models/sse.ts";
import { anthropicCounts, NO_COUNTS, type Counts } from "#server/models/translate/usage.ts";

export interface MessagesAnswer {
  id: string;
  model: string;
  text: string;
  tools: { id: string; name: string; arguments: string }[];
  stopReason: unknown;
  counts: Counts;
}

/** Thinking, and blocks of tools that run at the provider, are left out. @throws Error when it is no answer */
export function readMessagesAnswer(body: JsonObject): MessagesAnswer {
  const content: unknown = body["content"];
  if (body["type"] !== "message" || !Array.isArray(content)) {
    throw new Error("the provider's answer is no message");
  }
  const blocks = content.filter(isObject);
  return {
    id: textIn(body, "id"),
    model: textIn(body, "model"),
    text: blocks.map((block) => (block["type"] === "text" ? textIn(block, "text") : "")).join(""),
    tools: blocks
      .filter(({ type }) => type === "tool_use")
      .map((block) => ({
        id: textIn(block, "id"),
        name: textIn(block, "name"),
        arguments: JSON.stringify(block["input"] ?? {}),
      })),
    stopReason: body["stop_reason"],
    counts: anthropicCounts(objectIn(body, "usage"), NO_COUNTS),
  };
}

/** What happens in a stream, one after the other: a start, texts and tools that begin and end, a finish. */
export type Step =
  | { kind: "start"; id: string; model: string }
  | { kind: "text"; text: string }
  | { kind: "text-end" }
  | { kind: "tool"; id: string; name: string }
  | { kind: "arguments"; text: string }
  | { kind: "tool-end" }
  | { kind: "finish"; stopReason: unknown; counts: Counts }
  | { kind: "error"; message: string };

/** Reads the events of one stream. */
export class MessagesStreamReader {
  #counts = NO_COUNTS;
  #stopReason: unknown = null;
  #open: "text" | "tool" | null = null;
  #hasArguments = false;
  #over = false;

  /** True once the provider has said that it is done, or that it failed. */
  get over(): boolean {
    return this.#over;
  }

  push({ data }: Pick<SseEvent, "data">): Step[] {
    const event = data === null ? null : parseObject(data);
    switch (event?.["type"]) {
      case "message_start": {
        const message = objectIn(event, "message") ?? {};
        this.#counts = anthropicCounts(objectIn(message, "usage"), this.#counts);
        return [{ kind: "start", id: textIn(message, "id"), model: textIn(message, "model") }];
      }
      case "content_block_start":
        return this.#begin(objectIn(event, "content_block") ?? {});
      case "content_block_delta":
        return this.#delta(objectIn(event, "delta") ?? {});
      case "content_block_stop":
        return this.#end();
      case "message_delta":
        this.#counts = anthropicCounts(objectIn(event, "usage"), this.#counts);
        this.#stopReason = objectIn(event, "delta")?.["stop_reason"] ?? this.#stopReason;
        return [];
      case "message_stop":
        this.#over = true;
        return [{ kind: "finish", stopReason: this.#stopReason, counts: this.#counts }];
      case "error":
        this.#over = true;
        return [{ kind: "error", message: textIn(objectIn(event, "error") ?? {}, "message") }];
      default:
        return [];
    }
  }

  #begin(block: JsonObject): Step[] {
    if (block["type"] === "text") {
      this.#open = "text";
      return textIn(block, "text") === "" ? [] : [{ kind: "text", text: textIn(block, "text") }];
    }
    if (block["type"] === "tool_use") {
      this.#open = "tool";
      const input = objectIn(block, "input") ?? {};
      this.#hasArguments = Object.keys(input).length > 0;
      return [
        { kind: "tool", id: textIn(block, "id"), name: textIn(block, "name") },
        ...(this.#hasArguments ? [{ kind: "arguments", text: JSON.stringify(input) } as const] : []),
      ];
    }
    this.#open = null;
    return [];
  }

  #delta(delta: JsonObject): Step[] {
    if (delta["type"] === "text_delta" && this.#open === "text") {
      return [{ kind: "text", text: textIn(delta, "text") }];
    }
    const piece = delta["type"] === "input_json_delta" && this.#open === "tool" ? textIn(delta, "partial_json") : "";
    this.#hasArguments ||= piece !== "";
    return piece === "" ? [] : [{ kind: "arguments", text: piece }];
  }

  #end(): Step[] {
    const ended = this.#open;
    this.#open = null;
    if (ended === "tool") {
      // No arguments are an empty object in the other APIs, whose callers parse the text.
      return [...(this.#hasArguments ? [] : [{ kind: "arguments", text: "{}" } as const]), { kind: "tool-end" }];
    }
    return ended === "text" ? [{ kind: "text-end" }] : [];
  }
}

function textIn(body: JsonObject, name: string): string {
  const value = body[name];
  return typeof value === "string" ? value : "";
}
