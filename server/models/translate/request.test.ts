import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ModelRefusal } from "#server/models/api-error.ts";
import type { JsonObject } from "#server/models/json.ts";
import { chatToMessages } from "#server/models/translate/chat-to-messages.ts";
import { translatorFor } from "#server/models/translate/index.ts";
import { messagesToChat } from "#server/models/translate/messages-to-chat.ts";
import { responsesToMessages } from "#server/models/translate/responses-to-messages.ts";

const PIXEL = "data:image/png;base64,AAAA";
const user = (content: unknown): JsonObject => ({ role: "user", content });
const TOOL = { type: "function", function: { name: "f", description: "d", parameters: { type: "object" } } };

describe("chat as messages", () => {
  const of = (body: JsonObject): JsonObject => chatToMessages({ model: "m", messages: [user("hi")], ...body });

  it("system and developer messages are the system prompt; neighbours of one role are one message", () => {
    const messages = [
      { role: "system", content: "a" },
      { role: "developer", content: [{ type: "text", text: "b" }] },
      user("one"),
      user([{ type: "text", text: "two" }]),
      { role: "assistant", content: "three" },
    ];
    expect(of({ messages })).toEqual({
      model: "m",
      max_tokens: 8192,
      system: [
        { type: "text", text: "a" },
        { type: "text", text: "b" },
      ],
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "one" },
            { type: "text", text: "two" },
          ],
        },
        { role: "assistant", content: [{ type: "text", text: "three" }] },
      ],
    });
  });

  it("calls and their results, several at once, keep their ids", () => {
    const call = (id: string) => ({ id, type: "function", function: { name: "f", arguments: '{"x":1}' } });
    const messages = [
      user("go"),
      { role: "assistant", content: null, tool_calls: [call("a"), call("functions.f:1")] },
      { role: "tool", tool_call_id: "a", content: "A" },
      { role: "tool", tool_call_id: "functions.f:1", content: [{ type: "text", text: "B" }] },
      user("and?"),
    ];
    expect(of({ messages })["messages"]).toEqual([
      { role: "user", content: [{ type: "text", text: "go" }] },
      {
        role: "assistant",
        content: [
          { type: "tool_use", id: "a", name: "f", input: { x: 1 } },
          { type: "tool_use", id: "functions_f_1", name: "f", input: { x: 1 } },
        ],
      },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: "a", content: [{ type: "text", text: "A" }] },
          { type: "tool_result", tool_use_id: "functions_f_1", content: [{ type: "text", text: "B" }] },
          { type: "text", text: "and?" },
        ],
      },
    ]);
  });

  it("images and PDF files, inline or by address", () => {
    const content = [
      { type: "image_url", image_url: { url: PIXEL } },
      { type: "image_url", image_url: { url: "https://a.example/x.png" } },
      { type: "file", file: { filename: "a.pdf", file_data: "data:application/pdf;base64,BBBB" } },
    ];
    expect(of({ messages: [user(content)] })["messages"]).toEqual([
      user([
        { type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA" } },
        { type: "image", source: { type: "url", url: "https://a.example/x.png" } },
        { type: "document", source: { type: "base64", media_type: "application/pdf", data: "BBBB" }, title: "a.pdf" },
      ]),
    ]);
  });

  it.each<[string, JsonObject, JsonObject]>([
    ["max_completion_tokens", { max_completion_tokens: 7, max_tokens: 9 }, { max_tokens: 7 }],
    ["temperature beyond Anthropic's scale", { temperature: 1.7 }, { temperature: 1 }],
    ["stop as a text", { stop: "x" }, { stop_sequences: ["x"] }],
    ["stop as a list", { stop: ["x", "y"] }, { stop_sequences: ["x", "y"] }],
    ["tools", { tools: [TOOL] }, { tools: [{ name: "f", description: "d", input_schema: { type: "object" } }] }],
    ["tool_choice auto", { tools: [TOOL], tool_choice: "auto" }, { tool_choice: { type: "auto" } }],
    ["tool_choice none", { tools: [TOOL], tool_choice: "none" }, { tool_choice: { type: "none" } }],
    [
      "required, one at a time",
      { tools: [TOOL], tool_choice: "required", parallel_tool_calls: false },
      { tool_choice: { type: "any", disable_parallel_tool_use: true } },
    ],
    [
      "one function",
      { tools: [TOOL], tool_choice: { type: "function", function: { name: "f" } } },
      { tool_choice: { type: "tool", name: "f" } },
    ],
    [
      "a schema",
      { response_format: { type: "json_schema", json_schema: { name: "n", schema: { type: "object" } } } },
      { output_config: { format: { type: "json_schema", schema: { type: "object" } } } },
    ],
    ["what asks for nothing", { n: 1, logprobs: false, frequency_penalty: 0, logit_bias: {}, seed: 3 }, {}],
  ])("translates %s", (_name, given, wanted) => expect(of(given)).toMatchObject(wanted));

  it.each<[string, JsonObject]>([
    ["n", { n: 2 }],
    ["logprobs", { logprobs: true }],
    ["presence_penalty", { presence_penalty: 1 }],
    ["logit_bias", { logit_bias: { 1: 2 } }],
    ["modalities", { modalities: ["audio"] }],
    ["functions", { functions: [] }],
    ["web_search_options", { web_search_options: {} }],
    ["response_format", { response_format: { type: "json_object" } }],
    ["tools[0]", { tools: [{ type: "custom", custom: { name: "x" } }] }],
    ["tool_choice", { tools: [TOOL], tool_choice: { type: "allowed_tools" } }],
    ["messages[0].role", { messages: [{ role: "function", content: "x" }] }],
    ["messages[0].content[0]", { messages: [user([{ type: "input_audio" }])] }],
    [
      "messages[0].content[0].image_url.url",
      { messages: [user([{ type: "image_url", image_url: { url: "file:///x" } }])] },
    ],
    ["messages[0].content[0].file", { messages: [user([{ type: "file", file: { file_id: "x" } }])] }],
    [
      "messages[0].tool_calls[0].function.arguments",
      { messages: [{ role: "assistant", tool_calls: [{ id: "a", function: { name: "f", arguments: "{" } }] }] },
    ],
  ])("refuses %s and names it", (member, given) => expect(refusalOf(() => of(given))).toBe(member));
});

describe("messages as chat", () => {
  const of = (body: JsonObject): JsonObject =>
    messagesToChat({ model: "m", max_tokens: 5, messages: [user("hi")], ...body });

  it("system, thinking that only its own model can read, calls and results", () => {
    const messages = [
      user([{ type: "text", text: "go", cache_control: { type: "ephemeral" } }]),
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "…", signature: "s" },
          { type: "text", text: "so" },
          { type: "tool_use", id: "t1", name: "f", input: { x: 1 } },
        ],
      },
      user([
        { type: "tool_result", tool_use_id: "t1", content: [{ type: "text", text: "A" }] },
        { type: "text", text: "and?" },
        { type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA" } },
      ]),
    ];
    expect(
      of({
        system: [
          { type: "text", text: "a" },
          { type: "text", text: "b" },
        ],
        messages,
        stream: true,
      }),
    ).toEqual({
      model: "m",
      max_completion_tokens: 5,
      stream: true,
      stream_options: { include_usage: true },
      messages: [
        { role: "system", content: "a\n\nb" },
        { role: "user", content: "go" },
        {
          role: "assistant",
          content: "so",
          tool_calls: [{ id: "t1", type: "function", function: { name: "f", arguments: '{"x":1}' } }],
        },
        { role: "tool", tool_call_id: "t1", content: "A" },
        {
          role: "user",
          content: [
            { type: "text", text: "and?" },
            { type: "image_url", image_url: { url: PIXEL } },
          ],
        },
      ],
    });
  });

  const tools = [{ name: "f", input_schema: { type: "object" } }];
  it.each<[string, JsonObject, JsonObject]>([
    ["tools", { tools }, { tools: [{ type: "function", function: { name: "f", parameters: { type: "object" } } }] }],
    ["any", { tools, tool_choice: { type: "any" } }, { tool_choice: "required" }],
    [
      "one tool at a time",
      { tools, tool_choice: { type: "tool", name: "f", disable_parallel_tool_use: true } },
      { tool_choice: { type: "function", function: { name: "f" } }, parallel_tool_calls: false },
    ],
    ["stop_sequences", { stop_sequences: ["x"] }, { stop: ["x"] }],
    [
      "a schema",
      { output_config: { format: { type: "json_schema", schema: { type: "object" } } } },
      { response_format: { type: "json_schema", json_schema: { schema: { type: "object" } } } },
    ],
  ])("translates %s", (_name, given, wanted) => expect(of(given)).toMatchObject(wanted));

  it.each<[string, JsonObject]>([
    ["top_k", { top_k: 5 }],
    ["container", { container: "c" }],
    ["stop_sequences", { stop_sequences: ["1", "2", "3", "4", "5"] }],
    ["tools[0].type", { tools: [{ type: "bash_20250124", name: "bash" }] }],
    ["messages[0].content[0]", { messages: [user([{ type: "search_result" }])] }],
    ["messages[0].content[0].source", { messages: [user([{ type: "document", source: { type: "url" } }])] }],
    [
      "messages[0].content[0].content[0]",
      { messages: [user([{ type: "tool_result", tool_use_id: "x", content: [{ type: "image" }] }])] },
    ],
    ["messages[0].content[0]", { messages: [{ role: "assistant", content: [{ type: "server_tool_use" }] }] }],
  ])("refuses %s and names it", (member, given) => expect(refusalOf(() => of(given))).toBe(member));
});

describe("responses as messages", () => {
  const of = (body: JsonObject): JsonObject => responsesToMessages({ model: "m", input: "hi", ...body });

  it("instructions, items, calls and their outputs", () => {
    const input = [
      {
        role: "user",
        content: [
          { type: "input_text", text: "go" },
          { type: "input_image", image_url: PIXEL },
        ],
      },
      { type: "reasoning", id: "rs", summary: [] },
      { type: "function_call", call_id: "c1", name: "f", arguments: '{"x":1}' },
      { type: "function_call_output", call_id: "c1", output: "A" },
    ];
    expect(
      of({ instructions: "be", input, max_output_tokens: 9, tools: [{ type: "function", name: "f", parameters: {} }] }),
    ).toEqual({
      model: "m",
      max_tokens: 9,
      system: [{ type: "text", text: "be" }],
      tools: [{ name: "f", input_schema: {} }],
      messages: [
        user([
          { type: "text", text: "go" },
          { type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA" } },
        ]),
        { role: "assistant", content: [{ type: "tool_use", id: "c1", name: "f", input: { x: 1 } }] },
        user([{ type: "tool_result", tool_use_id: "c1", content: [{ type: "text", text: "A" }] }]),
      ],
    });
  });

  it.each<[string, JsonObject]>([
    ["previous_response_id", { previous_response_id: "r" }],
    ["conversation", { conversation: "c" }],
    ["include", { include: ["file_search_call.results"] }],
    ["text.format", { text: { format: { type: "json_object" } } }],
    ["tools[0]", { tools: [{ type: "web_search" }] }],
    ["input[0]", { input: [{ type: "item_reference", id: "x" }] }],
    ["input[0].content[0]", { input: [{ role: "user", content: [{ type: "input_image", file_id: "x" }] }] }],
  ])("refuses %s and names it", (member, given) => expect(refusalOf(() => of(given))).toBe(member));
});

/** The member that a refusal names. */
function refusalOf(translate: () => unknown): string | undefined {
  try {
    translate();
  } catch (error) {
    if (error instanceof ModelRefusal && error.status === 400) {
      return /^`([^`]+)`/.exec(error.message)?.[1];
    }
    throw error;
  }
  return undefined;
}

describe("all translations", () => {
  it("there and back keeps texts, calls and results", () => {
    const text = fc.string({ minLength: 1 });
    const callOf = fc.record({ x: fc.string(), y: fc.integer() });
    const turn = fc.record({ ask: text, say: text, calls: fc.array(callOf, { minLength: 1, maxLength: 3 }) });
    fc.assert(
      fc.property(fc.array(turn, { minLength: 1, maxLength: 4 }), (turns) => {
        const messages = turns.flatMap(({ ask, say, calls }, n) => [
          user(ask),
          {
            role: "assistant",
            content: say,
            tool_calls: calls.map((input, k) => ({
              id: `c${n}_${k}`,
              type: "function",
              function: { name: "f", arguments: JSON.stringify(input) },
            })),
          },
          ...calls.map((_, k) => ({ role: "tool", tool_call_id: `c${n}_${k}`, content: `r${k}` })),
          { role: "assistant", content: say },
        ]);
        const back = messagesToChat(chatToMessages({ model: "m", messages, max_tokens: 5 }));
        expect(back["messages"]).toEqual(messages);
      }),
    );
  });

  it("any body is translated or refused with a name, never anything else", () => {
    const member = fc.constantFrom(
      "messages",
      "input",
      "system",
      "tools",
      "tool_choice",
      "stop",
      "response_format",
      "text",
    );
    const junk = fc.dictionary(member, fc.jsonValue({ maxDepth: 4 }));
    const content = fc.jsonValue({ maxDepth: 3 });
    const role = fc.constantFrom("user", "assistant", "tool", "system");
    const messages = fc.array(fc.record({ role, content, tool_calls: content }));
    fc.assert(
      fc.property(junk, fc.option(messages), (body, turns) => {
        for (const translate of [chatToMessages, messagesToChat, responsesToMessages]) {
          try {
            translate({ ...body, ...(turns === null ? {} : { messages: turns, input: turns }) });
          } catch (error) {
            expect(error).toBeInstanceOf(ModelRefusal);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it("errors are in the caller's words", () => {
    const error = (path: string, provider: "openai" | "anthropic", text: string): unknown =>
      JSON.parse(translatorFor(path, provider)?.error(400, text) ?? "");
    expect(
      error(
        "/v1/chat/completions",
        "anthropic",
        '{"type":"error","error":{"type":"invalid_request_error","message":"no"}}',
      ),
    ).toEqual({
      error: { message: "no", type: "invalid_request_error", param: null, code: "invalid_request_error" },
    });
    expect(error("/v1/messages", "openai", '[{"error":{"code":400,"message":"no"}}]')).toEqual({
      type: "error",
      error: { type: "invalid_request_error", message: "no" },
    });
    expect(error("/v1/messages", "openai", "<html>secret</html>")).toMatchObject({
      error: { message: "The model's provider answered 400." },
    });
  });

  it("usage keeps what the cache gave, in both directions", () => {
    const usage = { input_tokens: 3, cache_read_input_tokens: 4, cache_creation_input_tokens: 5, output_tokens: 6 };
    const message = { type: "message", id: "x", model: "m", content: [], stop_reason: "end_turn", usage };
    expect(translatorFor("/v1/chat/completions", "anthropic")?.response(message)["usage"]).toEqual({
      prompt_tokens: 12,
      completion_tokens: 6,
      total_tokens: 18,
      prompt_tokens_details: { cached_tokens: 4 },
    });
    const completion = {
      id: "x",
      choices: [{ message: { content: "a" }, finish_reason: "length" }],
      usage: { prompt_tokens: 12, completion_tokens: 6, prompt_tokens_details: { cached_tokens: 4 } },
    };
    expect(translatorFor("/v1/messages", "openai")?.response(completion)).toMatchObject({
      stop_reason: "max_tokens",
      usage: { input_tokens: 8, cache_read_input_tokens: 4, output_tokens: 6 },
    });
  });

  it("what is no answer is said to be none", () => {
    for (const body of [{}, { type: "message" }, { choices: [] }, { choices: [{}] }]) {
      expect(() => translatorFor("/v1/chat/completions", "anthropic")?.response(body)).toThrow("is no message");
      expect(() => translatorFor("/v1/messages", "openai")?.response(body)).toThrow("is no completion");
    }
    expect(translatorFor("/v1/embeddings", "anthropic")).toBeNull();
    expect(translatorFor("toString", "openai")).toBeNull();
  });
});
