/**
 * Tokens that a call used, read from what the provider answers: OpenAI chat, responses and embeddings, Anthropic messages; whole or as a
 * stream. Pure. Sources: the APIs' reference pages on `usage`, `stream_options.include_usage` and `message_delta`.
 */
import { isObject, objectIn, parseObject, type JsonObject } from "#server/models/json.ts";

interface Usage {
  /** Null = the provider did not say. Tokens read from its cache or written to it are part of it. */
  inputTokens: number | null;
  outputTokens: number | null;
  /** Of the input: what the provider read from its cache, and what it wrote to it. */
  cacheReadTokens: number;
  cacheWriteTokens: number;
}

/** Bytes of text per token, about: the estimate where a stream broke off. */
const BYTES_PER_TOKEN = 4;
/** More is no count. */
const MAX_COUNT = 1_000_000_000;

export const estimateTokens = (bytes: number): number => Math.ceil(bytes / BYTES_PER_TOKEN);

/** Gathers usage from the events of a stream, or from a whole answer. */
export class UsageReader {
  #input: number | null = null;
  #output: number | null = null;
  #cacheRead = 0;
  #cacheWrite = 0;
  #complete = false;
  #textBytes = 0;

  /** True once the provider has said what the call used. */
  get complete(): boolean {
    return this.#complete;
  }

  /** What the provider said so far. */
  get said(): Usage {
    return {
      inputTokens: this.#input,
      outputTokens: this.#output,
      cacheReadTokens: this.#cacheRead,
      cacheWriteTokens: this.#cacheWrite,
    };
  }

  /** Bytes of generated text in the events so far. */
  get textBytes(): number {
    return this.#textBytes;
  }

  /** The body of an answer that is no stream. */
  readWhole(text: string): void {
    const body = parseObject(text);
    const usage = body === null ? null : objectIn(body, "usage");
    if (usage !== null) {
      this.#take(usage);
      this.#complete = true;
    } else if (body !== null && isCount(body["input_tokens"])) {
      // Counting tokens uses none.
      this.#input = 0;
      this.#output = 0;
      this.#complete = true;
    }
  }

  /** The data of one event of a stream. */
  readEvent(data: string): void {
    const event = parseObject(data);
    if (event === null) {
      return;
    }
    this.#textBytes += deltaBytes(event);
    const message = objectIn(event, "message") ?? objectIn(event, "response");
    const usage = objectIn(event, "usage") ?? (message === null ? null : objectIn(message, "usage"));
    if (usage !== null) {
      this.#take(usage);
      // What Anthropic says at the start is not the end's.
      this.#complete ||= event["type"] !== "message_start";
    }
  }

  #take(usage: JsonObject): void {
    const input = countOf(usage["prompt_tokens"] ?? usage["input_tokens"]);
    if (input !== null) {
      // Anthropic counts these apart from `input_tokens`; OpenAI has what it read in it, under other names.
      const apart = countOf(usage["cache_read_input_tokens"]) ?? 0;
      const details = objectIn(usage, "prompt_tokens_details") ?? objectIn(usage, "input_tokens_details");
      const within = (details === null ? null : countOf(details["cached_tokens"])) ?? 0;
      this.#cacheWrite = countOf(usage["cache_creation_input_tokens"]) ?? 0;
      this.#cacheRead = apart + Math.min(within, input);
      this.#input = input + this.#cacheWrite + apart;
    }
    const total = countOf(usage["total_tokens"]);
    const output = countOf(usage["completion_tokens"] ?? usage["output_tokens"]);
    // Embeddings have a total and no output; some providers count hidden thinking in the total only.
    const beyond = total === null || input === null ? null : total - input;
    this.#output = output === null && beyond === null ? this.#output : Math.max(output ?? 0, beyond ?? 0);
  }
}

const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= MAX_COUNT;

const countOf = (value: unknown): number | null => (isCount(value) ? value : null);

/** Generated text of one event: in `choices[].delta` (chat) or in `delta` (responses, messages). */
function deltaBytes(event: JsonObject): number {
  const choices: unknown[] = Array.isArray(event["choices"]) ? event["choices"] : [];
  return [event["delta"], ...choices.map((choice) => (isObject(choice) ? choice["delta"] : null))].reduce<number>(
    (sum, delta) => sum + textBytes(delta),
    0,
  );
}

/** Words of the protocol, not of the model. */
const NOT_TEXT = new Set(["type", "role", "id", "signature"]);

function textBytes(value: unknown): number {
  if (typeof value === "string") {
    return Buffer.byteLength(value);
  }
  if (Array.isArray(value)) {
    return value.reduce<number>((sum, item) => sum + textBytes(item), 0);
  }
  return isObject(value)
    ? Object.entries(value).reduce((sum, [name, member]) => sum + (NOT_TEXT.has(name) ? 0 : textBytes(member)), 0)
    : 0;
}
