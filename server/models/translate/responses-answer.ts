/** Answers of Anthropic's messages in the words of OpenAI's responses, whole and as a stream. Pure. Source: "Streaming events" of its reference. */
import type { JsonObject } from "#server/models/json.ts";
import { MessagesStreamReader, readMessagesAnswer, type Step } from "#server/models/translate/messages-answer.ts";
import { NO_COUNTS, responsesUsage, type Counts } from "#server/models/translate/usage.ts";
import type { StreamTranslator } from "#server/models/translator.ts";

/** Members of a response that repeat what was asked for. */
export interface Asked {
  /** Seconds since 1970. */
  created: number;
  body: JsonObject;
}

const responseId = (id: string): string => `resp_${id}`;

const textItem = (id: string, text: string, status: string): JsonObject => ({
  id: `msg_${id}`,
  type: "message",
  role: "assistant",
  status,
  content: status === "in_progress" ? [] : [textPart(text)],
});
const textPart = (text: string): JsonObject => ({ type: "output_text", text, annotations: [], logprobs: [] });
const callItem = (call: { id: string; name: string; arguments: string }, status: string): JsonObject => ({
  id: `fc_${call.id}`,
  type: "function_call",
  call_id: call.id,
  name: call.name,
  arguments: call.arguments,
  status,
});

interface Known {
  id: string;
  model: string;
  output: JsonObject[];
}

function response(
  { created, body }: Asked,
  { id, model, output }: Known,
  status: string,
  counts: Counts | null,
): JsonObject {
  return {
    id: responseId(id),
    object: "response",
    created_at: created,
    status,
    background: false,
    error: null,
    incomplete_details: status === "incomplete" ? { reason: "max_output_tokens" } : null,
    instructions: body["instructions"] ?? null,
    max_output_tokens: body["max_output_tokens"] ?? null,
    metadata: body["metadata"] ?? {},
    model,
    output,
    parallel_tool_calls: body["parallel_tool_calls"] ?? true,
    previous_response_id: null,
    store: false,
    temperature: body["temperature"] ?? null,
    text: body["text"] ?? { format: { type: "text" } },
    tool_choice: body["tool_choice"] ?? "auto",
    tools: body["tools"] ?? [],
    top_p: body["top_p"] ?? null,
    truncation: "disabled",
    usage: counts === null ? null : responsesUsage(counts),
  };
}

const statusOf = (stopReason: unknown): string =>
  stopReason === "max_tokens" || stopReason === "model_context_window_exceeded" ? "incomplete" : "completed";

/** @throws Error when it is no answer */
export function responseFromMessages(body: JsonObject, asked: Asked): JsonObject {
  const { id, model, text, tools, stopReason, counts } = readMessagesAnswer(body);
  const status = statusOf(stopReason);
  const output = [
    ...(text === "" ? [] : [textItem(`${id}_0`, text, "completed")]),
    ...tools.map((call) => callItem(call, "completed")),
  ];
  return response(asked, { id, model, output }, status, counts);
}

/** @returns a translator that throws at the end of a stream that broke off */
export const responseStream = (asked: Asked): StreamTranslator => new ResponseStream(asked);

class ResponseStream implements StreamTranslator {
  readonly #asked: Asked;
  readonly #reader = new MessagesStreamReader();
  readonly #known: Known = { id: "", model: "", output: [] };
  #sequence = 0;
  /** The item that is open. */
  #text: string | null = null;
  #call: { id: string; name: string; arguments: string } | null = null;

  constructor(asked: Asked) {
    this.#asked = asked;
  }

  push(event: { data: string | null }): string[] {
    return this.#reader.over ? [] : this.#reader.push(event).flatMap((step) => this.#write(step));
  }

  end(): string[] {
    if (!this.#reader.over) {
      throw new Error("the provider's stream ended before its answer did");
    }
    return [];
  }

  #frame(type: string, members: JsonObject): string {
    const event = { type, sequence_number: this.#sequence, ...members };
    this.#sequence += 1;
    return `event: ${type}\ndata: ${JSON.stringify(event)}\n\n`;
  }

  /** An event about the item that is open. */
  #about(type: string, id: string, members: JsonObject): string {
    return this.#frame(type, { item_id: id, output_index: this.#known.output.length, ...members });
  }

  #write(step: Step): string[] {
    switch (step.kind) {
      case "start": {
        Object.assign(this.#known, { id: step.id, model: step.model });
        const begun = response(this.#asked, this.#known, "in_progress", null);
        return [
          this.#frame("response.created", { response: begun }),
          this.#frame("response.in_progress", { response: begun }),
        ];
      }
      case "text":
        return this.#writeText(step.text);
      case "text-end":
        return this.#endText();
      case "tool": {
        this.#call = { id: step.id, name: step.name, arguments: "" };
        return [this.#added(callItem(this.#call, "in_progress"))];
      }
      case "arguments":
        return this.#writeArguments(step.text);
      case "tool-end":
        return this.#endCall();
      case "finish": {
        const status = statusOf(step.stopReason);
        const done = response(this.#asked, this.#known, status, step.counts);
        return [this.#frame(`response.${status}`, { response: done })];
      }
      case "error": {
        const failed = response(this.#asked, this.#known, "failed", NO_COUNTS);
        const error = { code: "server_error", message: step.message };
        return [this.#frame("response.failed", { response: { ...failed, error } })];
      }
    }
  }

  #added(item: JsonObject): string {
    return this.#frame("response.output_item.added", { output_index: this.#known.output.length, item });
  }

  #done(item: JsonObject): string {
    const frame = this.#frame("response.output_item.done", { output_index: this.#known.output.length, item });
    this.#known.output.push(item);
    return frame;
  }

  get #textId(): string {
    return `${this.#known.id}_${this.#known.output.length}`;
  }

  #writeText(text: string): string[] {
    const id = `msg_${this.#textId}`;
    const opened =
      this.#text === null
        ? [
            this.#added(textItem(this.#textId, "", "in_progress")),
            this.#about("response.content_part.added", id, { content_index: 0, part: textPart("") }),
          ]
        : [];
    this.#text = (this.#text ?? "") + text;
    return [...opened, this.#about("response.output_text.delta", id, { content_index: 0, delta: text, logprobs: [] })];
  }

  #endText(): string[] {
    const text = this.#text;
    if (text === null) {
      return [];
    }
    this.#text = null;
    const id = `msg_${this.#textId}`;
    return [
      this.#about("response.output_text.done", id, { content_index: 0, text, logprobs: [] }),
      this.#about("response.content_part.done", id, { content_index: 0, part: textPart(text) }),
      this.#done(textItem(this.#textId, text, "completed")),
    ];
  }

  #writeArguments(delta: string): string[] {
    if (this.#call === null) {
      return [];
    }
    this.#call.arguments += delta;
    return [this.#about("response.function_call_arguments.delta", `fc_${this.#call.id}`, { delta })];
  }

  #endCall(): string[] {
    const call = this.#call;
    this.#call = null;
    return call === null
      ? []
      : [
          this.#about("response.function_call_arguments.done", `fc_${call.id}`, {
            name: call.name,
            arguments: call.arguments,
          }),
          this.#done(callItem(call, "completed")),
        ];
  }
}
