/** Answers of OpenAI's chat in the words of Anthropic's messages, whole. Pure. */
import { isObject, objectIn, type JsonObject } from "#server/models/json.ts";
import { messagesUsage, stopReason } from "#server/models/translate/usage.ts";
import { argumentsIn } from "#server/models/translate/words.ts";

/** @throws Error when it is no answer, or calls a tool with what is no JSON object */
export function messagesFromChat(body: JsonObject): JsonObject {
  const choices: unknown = body["choices"];
  const choice: unknown = Array.isArray(choices) ? choices[0] : undefined;
  const message = isObject(choice) ? objectIn(choice, "message") : null;
  if (!isObject(choice) || message === null) {
    throw new Error("the provider's answer is no completion");
  }
  const text = [message["content"], message["refusal"]].find((value) => typeof value === "string" && value !== "");
  const calls: unknown[] = Array.isArray(message["tool_calls"]) ? message["tool_calls"] : [];
  return {
    id: messageId(body["id"]),
    type: "message",
    role: "assistant",
    model: typeof body["model"] === "string" ? body["model"] : "",
    content: [...(text === undefined ? [] : [{ type: "text", text }]), ...calls.filter(isObject).map(toolUse)],
    stop_reason: stopReason(choice["finish_reason"]),
    stop_sequence: null,
    usage: messagesUsage(objectIn(body, "usage")),
  };
}

export const messageId = (id: unknown): string => `msg_${typeof id === "string" ? id : ""}`;

/** Some servers leave the id out, and a caller needs one to answer to. */
export const callId = (id: unknown, index: number): string =>
  typeof id === "string" && id !== "" ? id : `call_${index}`;

function toolUse(call: JsonObject, index: number): JsonObject {
  const { name, arguments: written } = objectIn(call, "function") ?? {};
  const input = argumentsIn(typeof written === "string" ? written : "");
  if (typeof name !== "string" || input === null) {
    throw new Error("the provider's answer calls a tool with what is no JSON object");
  }
  return { type: "tool_use", id: callId(call["id"], index), name, input };
}
