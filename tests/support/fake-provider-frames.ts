/** The answers of the fake provider in the shapes of the two APIs: whole, and as the events of a stream. */
import type { FakeAnswer, FakeToolCall } from "./fake-provider.ts";

export interface FrameList {
  whole: unknown;
  /** Each with its blank line. */
  events: string[];
}

const argumentsOf = (call: FakeToolCall): string =>
  typeof call.arguments === "string" ? call.arguments : JSON.stringify(call.arguments);

const usageOf = ({ usage }: FakeAnswer): { input: number; output: number } => usage ?? { input: 11, output: 7 };

/** Two pieces, so that a stream is one. */
function pieces(text: string): string[] {
  const middle = Math.ceil(text.length / 2);
  return [text.slice(0, middle), text.slice(middle)];
}

const data = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;
const named = (value: { type: string } & Record<string, unknown>): string =>
  `event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`;

export function openAiChat(body: Record<string, unknown>, answer: FakeAnswer): FrameList {
  const { input, output } = usageOf(answer);
  const usage = { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
  const calls = (answer.toolCalls ?? []).map((call, index) => ({
    index,
    id: `call_${index}`,
    type: "function",
    function: { name: call.name, arguments: argumentsOf(call) },
  }));
  const reason = calls.length > 0 ? "tool_calls" : "stop";
  const common = { id: "chatcmpl-fake", created: 1_700_000_000, model: body["model"] };
  const message = {
    role: "assistant",
    content: answer.text ?? null,
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
  const options = body["stream_options"];
  const wantsUsage =
    typeof options === "object" && options !== null && "include_usage" in options && options.include_usage === true;
  const chunk = (delta: object, finish: string | null): string =>
    data({
      ...common,
      object: "chat.completion.chunk",
      choices: [{ index: 0, delta, finish_reason: finish }],
      ...(wantsUsage ? { usage: null } : {}),
    });
  const last = { ...common, object: "chat.completion.chunk", choices: [], usage };
  return {
    whole: {
      ...common,
      object: "chat.completion",
      choices: [{ index: 0, message, finish_reason: reason }],
      usage,
    },
    events: [
      chunk({ role: "assistant" }, null),
      ...(answer.text === undefined ? [] : pieces(answer.text).map((content) => chunk({ content }, null))),
      ...calls.map((call) => chunk({ tool_calls: [call] }, null)),
      chunk({}, reason),
      ...(wantsUsage ? [data(last)] : []),
      "data: [DONE]\n\n",
    ],
  };
}

export function openAiResponse(body: Record<string, unknown>, answer: FakeAnswer): FrameList {
  const { input, output } = usageOf(answer);
  const message = {
    type: "message",
    id: "msg_fake",
    role: "assistant",
    status: "completed",
    content: [{ type: "output_text", text: answer.text ?? "", annotations: [] }],
  };
  const calls = (answer.toolCalls ?? []).map((call, index) => ({
    type: "function_call",
    id: `fc_${index}`,
    call_id: `call_${index}`,
    name: call.name,
    arguments: argumentsOf(call),
  }));
  const whole = {
    id: "resp_fake",
    object: "response",
    created_at: 1_700_000_000,
    status: "completed",
    model: body["model"],
    output: [message, ...calls],
    usage: { input_tokens: input, output_tokens: output, total_tokens: input + output },
  };
  return {
    whole,
    events: [
      named({ type: "response.created", response: { ...whole, status: "in_progress", output: [], usage: null } }),
      named({
        type: "response.output_item.added",
        output_index: 0,
        item: { ...message, status: "in_progress", content: [] },
      }),
      named({
        type: "response.content_part.added",
        item_id: "msg_fake",
        output_index: 0,
        content_index: 0,
        part: { type: "output_text", text: "", annotations: [] },
      }),
      ...pieces(answer.text ?? "").map((delta) =>
        named({ type: "response.output_text.delta", item_id: "msg_fake", output_index: 0, content_index: 0, delta }),
      ),
      named({ type: "response.output_item.done", output_index: 0, item: message }),
      ...calls.flatMap((call, index) => [
        named({ type: "response.output_item.added", output_index: index + 1, item: { ...call, arguments: "" } }),
        named({
          type: "response.function_call_arguments.delta",
          item_id: call.id,
          output_index: index + 1,
          delta: call.arguments,
        }),
        named({ type: "response.output_item.done", output_index: index + 1, item: { ...call, status: "completed" } }),
      ]),
      named({ type: "response.completed", response: whole }),
    ],
  };
}

export function anthropicAnswer(body: Record<string, unknown>, answer: FakeAnswer): FrameList {
  const { input, output } = usageOf(answer);
  const calls = answer.toolCalls ?? [];
  const common = { id: "msg_fake", type: "message", role: "assistant", model: body["model"], stop_sequence: null };
  const stopReason = calls.length > 0 ? "tool_use" : "end_turn";
  const text = answer.text === undefined ? [] : [{ type: "text", text: answer.text }];
  const uses = calls.map((call, index) => ({
    type: "tool_use",
    id: `toolu_${index}`,
    name: call.name,
    input: call.arguments,
  }));
  const start = { ...common, content: [], stop_reason: null, usage: { input_tokens: input, output_tokens: 1 } };
  const block = (index: number, opened: object, deltas: object[]): string[] => [
    named({ type: "content_block_start", index, content_block: opened }),
    ...deltas.map((delta) => named({ type: "content_block_delta", index, delta })),
    named({ type: "content_block_stop", index }),
  ];
  return {
    whole: {
      ...common,
      content: [...text, ...uses],
      stop_reason: stopReason,
      usage: { input_tokens: input, output_tokens: output },
    },
    events: [
      named({ type: "message_start", message: start }),
      ...(answer.text === undefined
        ? []
        : block(
            0,
            { type: "text", text: "" },
            pieces(answer.text).map((piece) => ({ type: "text_delta", text: piece })),
          )),
      ...calls.flatMap((call, index) =>
        block(index + text.length, { type: "tool_use", id: `toolu_${index}`, name: call.name, input: {} }, [
          { type: "input_json_delta", partial_json: argumentsOf(call) },
        ]),
      ),
      named({
        type: "message_delta",
        delta: { stop_reason: stopReason, stop_sequence: null },
        usage: { output_tokens: output },
      }),
      named({ type: "message_stop" }),
    ],
  };
}
