/**
 * A request to OpenAI's responses as one to Anthropic's messages, by way of chat, whose words it has under other names. Pure. Source: the
 * reference page "Create a model response". Answers that lie at OpenAI (`previous_response_id`, conversations) cannot be continued elsewhere.
 */
import type { JsonObject } from "#server/models/json.ts";
import { chatToMessages } from "#server/models/translate/chat-to-messages.ts";
import {
  defined,
  isUnset,
  listOf,
  notTranslatable,
  objectOf,
  refuseOthers,
  refuseUnless,
  textOf,
} from "#server/models/translate/words.ts";

const KNOWN = [
  "model",
  "input",
  "instructions",
  "max_output_tokens",
  "temperature",
  "top_p",
  "stream",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "text",
  "include",
  "truncation",
  "top_logprobs",
  "background",
];
const HINTS = [
  "user",
  "safety_identifier",
  "store",
  "metadata",
  "service_tier",
  "prompt_cache_key",
  "prompt_cache_retention",
  "reasoning",
  "stream_options",
];

/** @throws ModelRefusal that names the member */
export function responsesToMessages(body: JsonObject): JsonObject {
  refuseOthers(body, KNOWN, HINTS);
  refuseUnless(body, "truncation", ["disabled"]);
  refuseUnless(body, "top_logprobs", [0]);
  refuseUnless(body, "background", [false]);
  const include = isUnset(body["include"]) ? [] : listOf(body["include"], "include");
  if (include.some((entry) => entry !== "reasoning.encrypted_content")) {
    throw notTranslatable("include", "Leave it out.");
  }
  const { input, instructions } = body;
  return chatToMessages(
    defined({
      model: body["model"],
      messages: [
        ...(isUnset(instructions) ? [] : [{ role: "system", content: textOf(instructions, "instructions") }]),
        ...(typeof input === "string" ? [{ role: "user", content: input }] : listOf(input, "input").flatMap(item)),
      ],
      max_completion_tokens: body["max_output_tokens"],
      temperature: body["temperature"],
      top_p: body["top_p"],
      stream: body["stream"],
      tools: isUnset(body["tools"]) ? undefined : listOf(body["tools"], "tools").map(tool),
      tool_choice: toolChoice(body["tool_choice"]),
      parallel_tool_calls: body["parallel_tool_calls"],
      response_format: responseFormat(body["text"]),
    }),
  );
}

function tool(value: unknown, index: number): JsonObject {
  const { type, ...written } = objectOf(value, `tools[${index}]`);
  if (type !== "function") {
    throw notTranslatable(`tools[${index}]`, 'Only tools of the type "function" can be.');
  }
  return { type, function: written };
}

function toolChoice(choice: unknown): unknown {
  if (isUnset(choice) || typeof choice === "string") {
    return choice;
  }
  const { type, name } = objectOf(choice, "tool_choice");
  return { type, function: { name } };
}

function responseFormat(text: unknown): JsonObject | undefined {
  const format = isUnset(text) ? null : objectOf(text, "text")["format"];
  if (isUnset(format)) {
    return undefined;
  }
  const { type, schema } = objectOf(format, "text.format");
  if (type !== "text" && type !== "json_schema") {
    throw notTranslatable("text.format", 'Use {"type": "json_schema"} with a schema, or ask for JSON in the prompt.');
  }
  return type === "text" ? { type } : { type, json_schema: { schema } };
}

function item(value: unknown, index: number): JsonObject[] {
  const at = `input[${index}]`;
  const written = objectOf(value, at);
  switch (written["type"] ?? "message") {
    case "message": {
      const { role, content } = written;
      return [{ role, content: typeof content === "string" ? content : parts(content, `${at}.content`) }];
    }
    case "function_call": {
      const call = { name: written["name"], arguments: written["arguments"] };
      const id = textOf(written["call_id"], `${at}.call_id`);
      return [{ role: "assistant", tool_calls: [{ id, type: "function", function: call }] }];
    }
    case "function_call_output": {
      const { output } = written;
      return [
        {
          role: "tool",
          tool_call_id: textOf(written["call_id"], `${at}.call_id`),
          content: typeof output === "string" ? output : parts(output, `${at}.output`),
        },
      ];
    }
    // Only the model that thought it can read it.
    case "reasoning":
      return [];
    default:
      throw notTranslatable(at, "Use items of the types message, function_call and function_call_output.");
  }
}

function parts(content: unknown, at: string): JsonObject[] {
  return listOf(content, at).map((value, index) => {
    const part = objectOf(value, `${at}[${index}]`);
    switch (part["type"]) {
      case "input_text":
      case "output_text":
        return { type: "text", text: part["text"] };
      case "refusal":
        return { type: "text", text: part["refusal"] };
      case "input_image":
        if (typeof part["image_url"] === "string") {
          return { type: "image_url", image_url: { url: part["image_url"] } };
        }
        throw notTranslatable(`${at}[${index}]`, "Send the image in image_url.");
      case "input_file":
        if (typeof part["file_data"] === "string") {
          return { type: "file", file: { file_data: part["file_data"], filename: part["filename"] } };
        }
        throw notTranslatable(`${at}[${index}]`, "Send the file itself in file_data.");
      default:
        throw notTranslatable(`${at}[${index}]`, "Use parts of the types input_text, input_image and input_file.");
    }
  });
}
