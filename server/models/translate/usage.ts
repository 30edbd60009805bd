/** Counts and reasons in the words of the other API. Pure. Sources: the reference pages of both APIs on `usage`, `finish_reason`, `stop_reason`. */
import { objectIn, type JsonObject } from "#server/models/json.ts";
import { numberIn } from "#server/models/translate/words.ts";

/** Tokens as the Anthropic API counts them: those read from its cache or written to it are no part of `input`. */
export interface Counts {
  input: number;
  cacheRead: number;
  cacheWritten: number;
  output: number;
}

/** What an Anthropic `usage` says; what it does not say stays as it was. */
export function anthropicCounts(usage: JsonObject | null, before: Counts): Counts {
  const said = (name: string, otherwise: number): number =>
    typeof usage?.[name] === "number" ? usage[name] : otherwise;
  return {
    input: said("input_tokens", before.input),
    cacheRead: said("cache_read_input_tokens", before.cacheRead),
    cacheWritten: said("cache_creation_input_tokens", before.cacheWritten),
    output: said("output_tokens", before.output),
  };
}

export const NO_COUNTS: Counts = { input: 0, cacheRead: 0, cacheWritten: 0, output: 0 };

const allInput = ({ input, cacheRead, cacheWritten }: Counts): number => input + cacheRead + cacheWritten;

export function chatUsage(counts: Counts): JsonObject {
  const input = allInput(counts);
  return {
    prompt_tokens: input,
    completion_tokens: counts.output,
    total_tokens: input + counts.output,
    prompt_tokens_details: { cached_tokens: counts.cacheRead },
  };
}

export function responsesUsage(counts: Counts): JsonObject {
  const input = allInput(counts);
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: counts.cacheRead },
    output_tokens: counts.output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: input + counts.output,
  };
}

/** From the `usage` of a chat; null = the provider did not say. */
export function messagesUsage(usage: JsonObject | null): JsonObject {
  const cached = numberIn(usage === null ? null : objectIn(usage, "prompt_tokens_details"), "cached_tokens");
  return {
    input_tokens: Math.max(0, numberIn(usage, "prompt_tokens") - cached),
    output_tokens: numberIn(usage, "completion_tokens"),
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cached,
  };
}

const FINISH_REASONS: Readonly<Record<string, string>> = {
  end_turn: "stop",
  stop_sequence: "stop",
  pause_turn: "stop",
  max_tokens: "length",
  model_context_window_exceeded: "length",
  tool_use: "tool_calls",
  refusal: "content_filter",
};
const STOP_REASONS: Readonly<Record<string, string>> = {
  stop: "end_turn",
  length: "max_tokens",
  tool_calls: "tool_use",
  function_call: "tool_use",
  content_filter: "refusal",
};

export const finishReason = (stopReason: unknown): string => FINISH_REASONS[String(stopReason)] ?? "stop";
export const stopReason = (finish: unknown): string => STOP_REASONS[String(finish)] ?? "end_turn";
