/**
 * Streams of OpenAI chat tell their usage only when asked to. The gateway has to know it, so it asks, and takes out again what the program
 * did not ask for: the last chunk, which has usage and no choices, and the empty `usage` of the others. Pure.
 */
import { objectIn, parseObject, type JsonObject } from "#server/models/json.ts";
import type { SseEvent } from "#server/models/sse.ts";

/** The request that asks for usage, when it is a stream that does not ask yet; else null. */
export function askForUsage(path: string, body: JsonObject): JsonObject | null {
  if (path !== "/v1/chat/completions" || body["stream"] !== true) {
    return null;
  }
  const options = objectIn(body, "stream_options") ?? {};
  return options["include_usage"] === true ? null : { ...body, stream_options: { ...options, include_usage: true } };
}

/** What the program gets of an event, when it did not ask for usage; empty = nothing. */
export function withoutUsage({ raw, data }: SseEvent): Buffer {
  const chunk = data === null || !data.includes('"usage"') ? null : parseObject(data);
  if (chunk === null || !("usage" in chunk)) {
    return raw;
  }
  const { usage, ...rest } = chunk;
  if (usage === null) {
    return Buffer.from(`data: ${JSON.stringify(rest)}\n\n`);
  }
  // Providers that tell usage in every chunk do so unasked: those stay as they are.
  return Array.isArray(chunk["choices"]) && chunk["choices"].length === 0 ? Buffer.alloc(0) : raw;
}
