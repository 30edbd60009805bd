/**
 * A request to OpenAI's chat as one to Anthropic's messages. Pure. Sources: the reference pages "Create chat completion" and "Create a
 * message". System and developer messages become the system prompt, wherever they stand; results of tools become parts of the next user
 * message. What only steers cost, speed or bookkeeping is left out; what would change the answer and has no counterpart is refused.
 */
import { isObject, type JsonObject } from "#server/models/json.ts";
import {
  argumentsIn,
  dataUrl,
  defined,
  isUnset,
  listOf,
  notTranslatable,
  objectOf,
  refuseOthers,
  refuseUnless,
  textOf,
} from "#server/models/translate/words.ts";

/** Anthropic needs a limit where OpenAI needs none. */
const USUAL_MAX_TOKENS = 8_192;

const KNOWN = [
  "model",
  "messages",
  "max_tokens",
  "max_completion_tokens",
  "temperature",
  "top_p",
  "stop",
  "stream",
  "stream_options",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "response_format",
  // Checked below: they have a value that asks for nothing.
  "n",
  "frequency_penalty",
  "presence_penalty",
  "logprobs",
  "logit_bias",
  "modalities",
];
const HINTS = [
  "user",
  "safety_identifier",
  "store",
  "metadata",
  "service_tier",
  "seed",
  "prediction",
  "prompt_cache_key",
  "prompt_cache_retention",
  "reasoning_effort",
  "verbosity",
  "top_logprobs",
];

/** @throws ModelRefusal that names the member */
export function chatToMessages(body: JsonObject): JsonObject {
  refuseOthers(body, KNOWN, HINTS);
  refuseUnless(body, "n", [1], "Ask for one answer at a time.");
  refuseUnless(body, "frequency_penalty", [0]);
  refuseUnless(body, "presence_penalty", [0]);
  refuseUnless(body, "logprobs", [false]);
  if (isObject(body["logit_bias"]) && Object.keys(body["logit_bias"]).length > 0) {
    throw notTranslatable("logit_bias", "Leave it out.");
  }
  if (Array.isArray(body["modalities"]) && body["modalities"].some((modality) => modality !== "text")) {
    throw notTranslatable("modalities", "Only text can be answered.");
  }
  const { system, messages } = conversation(listOf(body["messages"], "messages"));
  const tools = isUnset(body["tools"]) ? [] : listOf(body["tools"], "tools").map(tool);
  const stop = typeof body["stop"] === "string" ? [body["stop"]] : body["stop"];
  return defined({
    model: body["model"],
    max_tokens: body["max_completion_tokens"] ?? body["max_tokens"] ?? USUAL_MAX_TOKENS,
    system: system.length === 0 ? undefined : system.map((text) => ({ type: "text", text })),
    messages,
    // OpenAI's scale ends at 2, Anthropic's at 1.
    temperature: typeof body["temperature"] === "number" ? Math.min(body["temperature"], 1) : undefined,
    top_p: body["top_p"] ?? undefined,
    stop_sequences: Array.isArray(stop) && stop.length > 0 ? stop : undefined,
    stream: body["stream"] ?? undefined,
    tools: tools.length === 0 ? undefined : tools,
    tool_choice: tools.length === 0 ? undefined : toolChoice(body["tool_choice"], body["parallel_tool_calls"]),
    output_config: outputConfig(body["response_format"]),
  });
}

function outputConfig(format: unknown): JsonObject | undefined {
  if (isUnset(format)) {
    return undefined;
  }
  const { type, json_schema: written } = objectOf(format, "response_format");
  if (type === "text") {
    return undefined;
  }
  if (type !== "json_schema") {
    throw notTranslatable(
      "response_format",
      'Use {"type": "json_schema"} with a schema, or ask for JSON in the prompt.',
    );
  }
  const { schema } = objectOf(written, "response_format.json_schema");
  return { format: { type: "json_schema", schema: objectOf(schema, "response_format.json_schema.schema") } };
}

function tool(value: unknown, index: number): JsonObject {
  const { type, function: written } = objectOf(value, `tools[${index}]`);
  if (type !== "function") {
    throw notTranslatable(`tools[${index}]`, 'Only tools of the type "function" can be.');
  }
  const { name, description, parameters, strict } = objectOf(written, `tools[${index}].function`);
  return defined({
    name: textOf(name, `tools[${index}].function.name`),
    description: description ?? undefined,
    input_schema: parameters ?? { type: "object", properties: {} },
    strict: strict === true ? true : undefined,
  });
}

function toolChoice(choice: unknown, parallel: unknown): JsonObject | undefined {
  const oneAtATime = parallel === false ? { disable_parallel_tool_use: true } : {};
  if (choice === "none") {
    return { type: "none" };
  }
  if (isUnset(choice) || choice === "auto") {
    return isUnset(choice) && parallel !== false ? undefined : { type: "auto", ...oneAtATime };
  }
  if (choice === "required") {
    return { type: "any", ...oneAtATime };
  }
  const { type, function: named } = objectOf(choice, "tool_choice");
  if (type !== "function") {
    throw notTranslatable("tool_choice", "Name a function, or use auto, required or none.");
  }
  return {
    type: "tool",
    name: textOf(objectOf(named, "tool_choice.function")["name"], "tool_choice.function.name"),
    ...oneAtATime,
  };
}

interface Turn {
  role: "user" | "assistant";
  content: JsonObject[];
}

function conversation(written: unknown[]): { system: string[]; messages: Turn[] } {
  const system: string[] = [];
  const messages: Turn[] = [];
  /** Neighbours of one role are one message; results of tools have to follow their calls in one. */
  const add = (role: Turn["role"], content: JsonObject[]): void => {
    const last = messages.at(-1);
    if (last?.role === role) {
      last.content.push(...content);
    } else if (content.length > 0) {
      messages.push({ role, content: [...content] });
    }
  };
  for (const [index, value] of written.entries()) {
    const at = `messages[${index}]`;
    const message = objectOf(value, at);
    switch (message["role"]) {
      case "system":
      case "developer":
        system.push(...texts(message["content"], `${at}.content`));
        break;
      case "user":
        add("user", userParts(message["content"], `${at}.content`));
        break;
      case "assistant":
        add("assistant", assistantParts(message, at));
        break;
      case "tool":
        add("user", [
          {
            type: "tool_result",
            tool_use_id: toolId(textOf(message["tool_call_id"], `${at}.tool_call_id`)),
            content: texts(message["content"], `${at}.content`).map((text) => ({ type: "text", text })),
          },
        ]);
        break;
      default:
        throw notTranslatable(`${at}.role`, "Use system, developer, user, assistant or tool.");
    }
  }
  return { system, messages };
}

/** Ids as Anthropic takes them; others, of other models' calls, are written alike at the call and at its result. */
const toolId = (id: string): string => id.replace(/[^A-Za-z0-9_-]/g, "_");

function texts(content: unknown, at: string): string[] {
  if (typeof content === "string") {
    return content === "" ? [] : [content];
  }
  return listOf(content, at).flatMap((value, index) => {
    const part = objectOf(value, `${at}[${index}]`);
    if (part["type"] !== "text") {
      throw notTranslatable(`${at}[${index}]`, "Only text can stand here.");
    }
    const text = textOf(part["text"], `${at}[${index}].text`);
    return text === "" ? [] : [text];
  });
}

function userParts(content: unknown, at: string): JsonObject[] {
  if (typeof content === "string") {
    return content === "" ? [] : [{ type: "text", text: content }];
  }
  return listOf(content, at).flatMap((value, index) => userPart(objectOf(value, `${at}[${index}]`), `${at}[${index}]`));
}

function userPart(part: JsonObject, at: string): JsonObject[] {
  switch (part["type"]) {
    case "text": {
      const text = textOf(part["text"], `${at}.text`);
      return text === "" ? [] : [{ type: "text", text }];
    }
    case "image_url": {
      const url = textOf(objectOf(part["image_url"], `${at}.image_url`)["url"], `${at}.image_url.url`);
      const inline = dataUrl(url);
      if (inline === null && !/^https?:/i.test(url)) {
        throw notTranslatable(`${at}.image_url.url`, "Use https, or data: with Base64.");
      }
      return [
        {
          type: "image",
          source:
            inline === null
              ? { type: "url", url }
              : { type: "base64", media_type: inline.mediaType, data: inline.data },
        },
      ];
    }
    case "file": {
      const { file_data: data, filename } = objectOf(part["file"], `${at}.file`);
      const inline = typeof data === "string" ? dataUrl(data) : null;
      if (inline?.mediaType !== "application/pdf") {
        throw notTranslatable(`${at}.file`, "Only PDF files can be sent, with their content in file_data.");
      }
      const source = { type: "base64", media_type: inline.mediaType, data: inline.data };
      return [defined({ type: "document", source, title: filename })];
    }
    default:
      throw notTranslatable(at, "Use parts of the types text, image_url and file.");
  }
}

function assistantParts(message: JsonObject, at: string): JsonObject[] {
  if (!isUnset(message["function_call"])) {
    throw notTranslatable(`${at}.function_call`, "Use tool_calls.");
  }
  if (!isUnset(message["audio"])) {
    throw notTranslatable(`${at}.audio`, "Send what was said as text.");
  }
  const { content } = message;
  const said =
    isUnset(content) || typeof content === "string"
      ? [content ?? message["refusal"] ?? ""]
      : listOf(content, `${at}.content`).map((value, index) => {
          const part = objectOf(value, `${at}.content[${index}]`);
          return textOf(part["text"] ?? part["refusal"], `${at}.content[${index}].text`);
        });
  const calls = isUnset(message["tool_calls"]) ? [] : listOf(message["tool_calls"], `${at}.tool_calls`);
  return [
    ...said.flatMap((text) => (typeof text === "string" && text !== "" ? [{ type: "text", text }] : [])),
    ...calls.map((call, index) => toolUse(call, `${at}.tool_calls[${index}]`)),
  ];
}

function toolUse(value: unknown, at: string): JsonObject {
  const call = objectOf(value, at);
  const { name, arguments: written } = objectOf(call["function"], `${at}.function`);
  const input = argumentsIn(textOf(written, `${at}.function.arguments`));
  if (input === null) {
    throw notTranslatable(`${at}.function.arguments`, "It must be the text of a JSON object.");
  }
  return {
    type: "tool_use",
    id: toolId(textOf(call["id"], `${at}.id`)),
    name: textOf(name, `${at}.function.name`),
    input,
  };
}
