/**
 * A request to Anthropic's messages as one to OpenAI's chat. Pure. Sources: the reference pages "Create a message" and "Create chat
 * completion". Results of tools become messages of their own, before the rest of their message. Thinking of an earlier answer is left out,
 * which only its own model can read; marks for the cache, and what only steers cost or effort, are too.
 */
import { isObject, type JsonObject } from "#server/models/json.ts";
import {
  defined,
  isUnset,
  listOf,
  notTranslatable,
  objectOf,
  refuseOthers,
  textOf,
} from "#server/models/translate/words.ts";

const KNOWN = [
  "model",
  "messages",
  "system",
  "max_tokens",
  "temperature",
  "top_p",
  "stop_sequences",
  "stream",
  "tools",
  "tool_choice",
  "output_config",
];
const HINTS = ["metadata", "service_tier", "thinking", "cache_control", "inference_geo"];
/** OpenAI takes no more. */
const MAX_STOPS = 4;

/** @throws ModelRefusal that names the member */
export function messagesToChat(body: JsonObject): JsonObject {
  refuseOthers(body, KNOWN, HINTS);
  const stops = isUnset(body["stop_sequences"]) ? [] : listOf(body["stop_sequences"], "stop_sequences");
  if (stops.length > MAX_STOPS) {
    throw notTranslatable("stop_sequences", `Use at most ${MAX_STOPS}.`);
  }
  const system = isUnset(body["system"]) ? "" : texts(body["system"], "system").join("\n\n");
  const tools = isUnset(body["tools"]) ? [] : listOf(body["tools"], "tools").map(tool);
  const choice = isUnset(body["tool_choice"]) ? null : objectOf(body["tool_choice"], "tool_choice");
  return defined({
    model: body["model"],
    messages: [
      ...(system === "" ? [] : [{ role: "system", content: system }]),
      ...listOf(body["messages"], "messages").flatMap(message),
    ],
    max_completion_tokens: body["max_tokens"] ?? undefined,
    temperature: body["temperature"] ?? undefined,
    top_p: body["top_p"] ?? undefined,
    stop: stops.length === 0 ? undefined : stops,
    stream: body["stream"] ?? undefined,
    // Anthropic's streams tell it always.
    stream_options: body["stream"] === true ? { include_usage: true } : undefined,
    tools: tools.length === 0 ? undefined : tools,
    tool_choice: tools.length === 0 || choice === null ? undefined : toolChoice(choice),
    parallel_tool_calls: tools.length > 0 && choice?.["disable_parallel_tool_use"] === true ? false : undefined,
    response_format: responseFormat(body["output_config"]),
  });
}

function responseFormat(config: unknown): JsonObject | undefined {
  const format = isUnset(config) ? null : objectOf(config, "output_config")["format"];
  if (isUnset(format)) {
    return undefined;
  }
  const { type, schema } = objectOf(format, "output_config.format");
  if (type !== "json_schema") {
    throw notTranslatable("output_config.format", 'Use {"type": "json_schema"}.');
  }
  return { type: "json_schema", json_schema: { name: "answer", strict: true, schema } };
}

function tool(value: unknown, index: number): JsonObject {
  const written = objectOf(value, `tools[${index}]`);
  if (!isUnset(written["type"]) && written["type"] !== "custom") {
    throw notTranslatable(
      `tools[${index}].type`,
      "Only tools that you describe yourself, with an input_schema, can be.",
    );
  }
  return {
    type: "function",
    function: defined({
      name: textOf(written["name"], `tools[${index}].name`),
      description: written["description"] ?? undefined,
      parameters: objectOf(written["input_schema"], `tools[${index}].input_schema`),
      strict: written["strict"] === true ? true : undefined,
    }),
  };
}

function toolChoice({ type, name }: JsonObject): unknown {
  switch (type) {
    case "auto":
    case "none":
      return type;
    case "any":
      return "required";
    case "tool":
      return { type: "function", function: { name: textOf(name, "tool_choice.name") } };
    default:
      throw notTranslatable("tool_choice.type", "Use auto, any, tool or none.");
  }
}

function message(value: unknown, index: number): JsonObject[] {
  const at = `messages[${index}]`;
  const { role, content } = objectOf(value, at);
  switch (role) {
    case "user":
      return user(content, `${at}.content`);
    case "assistant":
      return assistant(content, `${at}.content`);
    case "system":
      return [{ role: "system", content: texts(content, `${at}.content`).join("\n\n") }];
    default:
      throw notTranslatable(`${at}.role`, "Use user or assistant.");
  }
}

function blocks(content: unknown, at: string): [block: JsonObject, at: string][] {
  return listOf(content, at).map((value, index) => [objectOf(value, `${at}[${index}]`), `${at}[${index}]`]);
}

/** Text alone, as a list. */
function texts(content: unknown, at: string): string[] {
  if (typeof content === "string") {
    return [content];
  }
  return blocks(content, at).map(([block, place]) => {
    if (block["type"] !== "text") {
      throw notTranslatable(place, "Only text can stand here.");
    }
    return textOf(block["text"], `${place}.text`);
  });
}

function user(content: unknown, at: string): JsonObject[] {
  if (typeof content === "string") {
    return [{ role: "user", content }];
  }
  const written = blocks(content, at);
  const results = written.filter(([{ type }]) => type === "tool_result");
  const parts = written.filter(([{ type }]) => type !== "tool_result").map(([block, place]) => part(block, place));
  return [
    ...results.map(([block, place]) => ({
      role: "tool",
      tool_call_id: textOf(block["tool_use_id"], `${place}.tool_use_id`),
      content: isUnset(block["content"]) ? "" : texts(block["content"], `${place}.content`).join("\n\n"),
    })),
    ...(parts.length === 0 ? [] : [{ role: "user", content: plain(parts) }]),
  ];
}

/** Text alone goes as a text, which every server of this API takes. */
const plain = (parts: JsonObject[]): unknown =>
  parts.length === 1 && parts[0]?.["type"] === "text" ? parts[0]["text"] : parts;

function part(block: JsonObject, at: string): JsonObject {
  switch (block["type"]) {
    case "text":
      return { type: "text", text: textOf(block["text"], `${at}.text`) };
    case "image":
      return { type: "image_url", image_url: { url: imageUrl(objectOf(block["source"], `${at}.source`), at) } };
    case "document":
      return document(block, at);
    default:
      throw notTranslatable(at, "Use blocks of the types text, image, document and tool_result.");
  }
}

function imageUrl(source: JsonObject, at: string): string {
  switch (source["type"]) {
    case "base64":
      return `data:${textOf(source["media_type"], `${at}.source.media_type`)};base64,${textOf(source["data"], `${at}.source.data`)}`;
    case "url":
      return textOf(source["url"], `${at}.source.url`);
    default:
      throw notTranslatable(`${at}.source`, "Send the image itself in Base64, or its address.");
  }
}

function document(block: JsonObject, at: string): JsonObject {
  const source = objectOf(block["source"], `${at}.source`);
  if (source["type"] === "text") {
    return { type: "text", text: textOf(source["data"], `${at}.source.data`) };
  }
  if (source["type"] !== "base64") {
    throw notTranslatable(`${at}.source`, "Send the document itself, as text or in Base64.");
  }
  const filename = typeof block["title"] === "string" ? block["title"] : "document.pdf";
  return { type: "file", file: { filename, file_data: imageUrl(source, at) } };
}

function assistant(content: unknown, at: string): JsonObject[] {
  if (typeof content === "string") {
    return [{ role: "assistant", content }];
  }
  const said: string[] = [];
  const calls: JsonObject[] = [];
  for (const [block, place] of blocks(content, at)) {
    switch (block["type"]) {
      case "text":
        said.push(textOf(block["text"], `${place}.text`));
        break;
      case "tool_use":
        calls.push({
          id: textOf(block["id"], `${place}.id`),
          type: "function",
          function: {
            name: textOf(block["name"], `${place}.name`),
            arguments: JSON.stringify(isObject(block["input"]) ? block["input"] : {}),
          },
        });
        break;
      case "thinking":
      case "redacted_thinking":
        break;
      default:
        throw notTranslatable(place, "Use blocks of the types text and tool_use.");
    }
  }
  if (said.length === 0 && calls.length === 0) {
    return [];
  }
  return [
    {
      role: "assistant",
      content: said.length === 0 ? null : said.join(""),
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
    },
  ];
}
