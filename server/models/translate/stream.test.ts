/** Streams as they are cut and mixed: what a caller puts together from the pieces is what the whole answer says. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anthropicAnswer, openAiChat, type FrameList } from "../../../tests/support/fake-provider-frames.ts";
import { isObject, objectIn, parseObject, type JsonObject } from "#server/models/json.ts";
import { SseReader, type SseEvent } from "#server/models/sse.ts";
import { translatorFor } from "#server/models/translate/index.ts";
import type { StreamTranslator, Translator } from "#server/models/translator.ts";

const NOW = 1_700_000_000_000;

function translator(path: string, provider: "openai" | "anthropic", body: JsonObject = {}): Translator {
  const found = translatorFor(path, provider, NOW);
  if (found === null) {
    throw new Error(`${path} is not translated`);
  }
  found.request({ model: "m", [path === "/v1/responses" ? "input" : "messages"]: [], ...body });
  return found;
}

/** The stream, cut at these places, as the caller gets it. */
function translated(stream: StreamTranslator, frames: readonly string[], cuts: readonly number[] = []): string {
  const bytes = Buffer.from(frames.join(""));
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  const reader = new SseReader();
  const out: string[] = [];
  let from = 0;
  for (const to of [...places, bytes.length]) {
    out.push(...reader.push(bytes.subarray(from, to)).flatMap((event) => stream.push(event)));
    from = to;
  }
  const rest = reader.end();
  out.push(...(rest === null ? [] : stream.push(rest)), ...stream.end());
  return out.join("");
}

function eventsOf(text: string): SseEvent[] {
  return new SseReader().push(Buffer.from(text));
}

const objects = (text: string): JsonObject[] =>
  eventsOf(text).flatMap(({ data }) => {
    const value = data === null ? null : parseObject(data);
    return value === null ? [] : [value];
  });

interface Gathered {
  text: string;
  tools: { id: string; name: string; arguments: string }[];
  finish: unknown;
  usage: unknown;
}

/** What a caller of chat puts together; written apart from the code under test. */
function gatherChat(text: string): Gathered {
  const all: Gathered = { text: "", tools: [], finish: null, usage: null };
  for (const chunk of objects(text)) {
    all.usage = chunk["usage"] ?? all.usage;
    for (const choice of (chunk["choices"] as JsonObject[]) ?? []) {
      const delta = objectIn(choice, "delta") ?? {};
      all.text += typeof delta["content"] === "string" ? delta["content"] : "";
      all.finish = choice["finish_reason"] ?? all.finish;
      for (const call of (delta["tool_calls"] as JsonObject[] | undefined) ?? []) {
        const index = Number(call["index"]);
        const of = objectIn(call, "function") ?? {};
        const tool = (all.tools[index] ??= { id: "", name: "", arguments: "" });
        tool.id += typeof call["id"] === "string" ? call["id"] : "";
        tool.name += typeof of["name"] === "string" ? of["name"] : "";
        tool.arguments += String(of["arguments"]);
      }
    }
  }
  return all;
}

/** What a caller of messages puts together, with the order of its events checked on the way. */
function gatherMessages(text: string): Gathered {
  const all: Gathered = { text: "", tools: [], finish: null, usage: null };
  let open: number | null = null;
  let next = 0;
  const types: string[] = [];
  for (const event of objects(text)) {
    types.push(String(event["type"]));
    const delta = objectIn(event, "delta") ?? {};
    switch (event["type"]) {
      case "content_block_start": {
        expect([open, event["index"]]).toEqual([null, next]);
        open = next;
        const block = objectIn(event, "content_block") ?? {};
        if (block["type"] === "tool_use") {
          all.tools.push({ id: String(block["id"]), name: String(block["name"]), arguments: "" });
        }
        break;
      }
      case "content_block_delta": {
        expect(event["index"]).toBe(open);
        all.text += typeof delta["text"] === "string" ? delta["text"] : "";
        const tool = all.tools.at(-1);
        if (tool !== undefined && typeof delta["partial_json"] === "string") {
          tool.arguments += delta["partial_json"];
        }
        break;
      }
      case "content_block_stop":
        expect(event["index"]).toBe(open);
        open = null;
        next += 1;
        break;
      case "message_delta":
        all.finish = delta["stop_reason"];
        all.usage = event["usage"];
        break;
    }
  }
  expect([types[0], ...types.slice(-2)]).toEqual(["message_start", "message_delta", "message_stop"]);
  return all;
}

const toolCall = fc.record({
  name: fc.stringMatching(/^[a-z_]{1,12}$/),
  arguments: fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.oneof(fc.string(), fc.integer(), fc.boolean())),
});
const answer = fc.record({
  text: fc.string({ minLength: 1, unit: "grapheme" }),
  toolCalls: fc.array(toolCall, { maxLength: 3 }),
  usage: fc.record({ input: fc.nat(9999), output: fc.nat(9999) }),
});
const cuts = fc.array(fc.nat(), { maxLength: 40 });
const asText = (frames: FrameList["events"]): string => frames.join("");
const NO_CUTS: number[] = [];

describe("a stream of messages for a caller of chat", () => {
  const frames = (given: Parameters<typeof anthropicAnswer>[1]) => anthropicAnswer({ model: "m" }, given);
  const stream = (body: JsonObject = { stream_options: { include_usage: true } }) =>
    translator("/v1/chat/completions", "anthropic", body).stream();

  it("is the same however it is cut", () => {
    fc.assert(
      fc.property(answer, cuts, (given, places) => {
        const { events } = frames(given);
        expect(translated(stream(), events, places)).toBe(translated(stream(), events, NO_CUTS));
      }),
      { numRuns: 60 },
    );
  });

  it("says what the whole answer says", () => {
    fc.assert(
      fc.property(answer, (given) => {
        const { events, whole } = frames(given);
        const gathered = gatherChat(translated(stream(), events));
        const full = translator("/v1/chat/completions", "anthropic").response(whole as JsonObject);
        const [choice] = full["choices"] as JsonObject[];
        const message = objectIn(choice ?? {}, "message") ?? {};
        expect(gathered.text).toBe(message["content"]);
        expect(gathered.tools.map((tool) => JSON.parse(tool.arguments) as unknown)).toEqual(
          given.toolCalls.map((call) => call.arguments),
        );
        expect(gathered.tools.map(({ id, name }) => ({ id, name }))).toEqual(
          ((message["tool_calls"] ?? []) as JsonObject[]).map((call) => ({
            id: call["id"],
            name: objectIn(call, "function")?.["name"],
          })),
        );
        expect(gathered.finish).toBe(choice?.["finish_reason"]);
        expect(gathered.usage).toEqual(full["usage"]);
      }),
      { numRuns: 60 },
    );
  });

  it("begins with the role, ends with [DONE], and tells usage only when asked to", () => {
    const { events } = frames({ text: "Hi" });
    const asked = eventsOf(translated(stream(), events));
    expect(asked.at(-1)?.data).toBe("[DONE]");
    expect(asked.at(-2)?.data).toContain('"choices":[]');
    expect(asked[0]?.data).toContain('"delta":{"role":"assistant"');
    expect(translated(stream({}), events)).not.toContain("usage");
  });

  it("a call without arguments has an empty object, which callers parse", () => {
    const open = {
      type: "content_block_start",
      index: 0,
      content_block: { type: "tool_use", id: "t", name: "n", input: {} },
    };
    const lines = [
      { type: "message_start", message: { id: "x", model: "m" } },
      open,
      { type: "content_block_delta", index: 0, delta: { type: "input_json_delta", partial_json: "" } },
      { type: "content_block_stop", index: 0 },
      { type: "message_delta", delta: { stop_reason: "tool_use" }, usage: { output_tokens: 1 } },
      { type: "message_stop" },
    ].map((event) => `data: ${JSON.stringify(event)}\n\n`);
    expect(gatherChat(translated(stream(), lines)).tools).toEqual([{ id: "t", name: "n", arguments: "{}" }]);
  });

  it("an error is said, and nothing after it; half a stream is none", () => {
    const { events } = frames({ text: "Hi" });
    const error = 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"busy"}}\n\n';
    const failed = translated(stream(), [...events.slice(0, 2), error, ...events.slice(2)]);
    expect(objects(failed).at(-1)).toEqual({
      error: { message: "busy", type: "server_error", param: null, code: "provider_error" },
    });
    expect(failed).not.toContain("[DONE]");
    expect(() => translated(stream(), events.slice(0, 3))).toThrow("ended before");
  });
});

describe("a stream of chat for a caller of messages", () => {
  const frames = (given: Parameters<typeof openAiChat>[1]) =>
    openAiChat({ model: "m", stream_options: { include_usage: true } }, given);
  const stream = () => translator("/v1/messages", "openai").stream();

  it("is the same however it is cut", () => {
    fc.assert(
      fc.property(answer, cuts, (given, places) => {
        const { events } = frames(given);
        expect(translated(stream(), events, places)).toBe(asText([translated(stream(), events)]));
      }),
      { numRuns: 60 },
    );
  });

  it("says what the whole answer says, its blocks in order", () => {
    fc.assert(
      fc.property(answer, (given) => {
        const { events, whole } = frames(given);
        const gathered = gatherMessages(translated(stream(), events));
        const full = translator("/v1/messages", "openai").response(whole as JsonObject);
        const blocks = full["content"] as JsonObject[];
        expect(gathered.text).toBe(blocks[0]?.["text"]);
        expect(gathered.tools.map((tool) => ({ ...tool, arguments: JSON.parse(tool.arguments) as unknown }))).toEqual(
          blocks.slice(1).map(({ id, name, input }) => ({ id, name, arguments: input })),
        );
        expect([gathered.finish, gathered.usage]).toEqual([full["stop_reason"], full["usage"]]);
      }),
      { numRuns: 60 },
    );
  });

  const chunk = (delta: JsonObject, reason: string | null = null): string =>
    `data: ${JSON.stringify({ id: "c", model: "m", choices: [{ index: 0, delta, finish_reason: reason }] })}\n\n`;
  const call = (index: number, members: JsonObject): JsonObject => ({ tool_calls: [{ index, ...members }] });

  it("calls whose pieces come mixed are put in order", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(2), fc.string()), { maxLength: 30 }), (pieces) => {
        const lines = [
          ...[0, 1, 2].map((n) => chunk(call(n, { id: `c${n}`, function: { name: `f${n}`, arguments: "" } }))),
          ...pieces.map(([n, text]) => chunk(call(n, { function: { arguments: text } }))),
          chunk({}, "tool_calls"),
          "data: [DONE]\n\n",
        ];
        const wanted = [0, 1, 2].map((n) => ({
          id: `c${n}`,
          name: `f${n}`,
          arguments: pieces.map(([of, text]) => (of === n ? text : "")).join(""),
        }));
        expect(gatherMessages(translated(stream(), lines)).tools).toEqual(wanted);
      }),
      { numRuns: 60 },
    );
  });

  it("takes calls that share a number and differ by id, missing ids, and streams without [DONE]", () => {
    const lines = [
      chunk(call(0, { id: "a", function: { name: "f", arguments: "{}" } })),
      chunk(call(0, { id: "b", function: { name: "g", arguments: '{"x":1}' } })),
      chunk({ content: "and" }),
      chunk(call(1, { function: { name: "h", arguments: "{}" } }), "tool_calls"),
    ];
    expect(gatherMessages(translated(stream(), lines))).toMatchObject({
      text: "and",
      tools: [
        { id: "a", name: "f", arguments: "{}" },
        { id: "b", name: "g", arguments: '{"x":1}' },
        { id: "call_2", name: "h", arguments: "{}" },
      ],
      finish: "tool_use",
    });
  });

  it("an error is said, and nothing after it; half a stream is none", () => {
    const { events } = frames({ text: "Hi" });
    const failed = translated(stream(), [...events.slice(0, 2), 'data: {"error":{"message":"busy"}}\n\n', ...events]);
    expect(eventsOf(failed).at(-1)?.data).toBe('{"type":"error","error":{"type":"api_error","message":"busy"}}');
    expect(() => translated(stream(), events.slice(0, 3))).toThrow("ended before");
    expect(() => translated(stream(), [])).toThrow("ended before");
  });

  it("any events at all end in events or an error of ours", () => {
    const junk = fc.oneof(fc.string(), fc.json()).map((data) => ({ raw: Buffer.alloc(0), data }));
    fc.assert(
      fc.property(fc.array(junk), (events) => {
        for (const [path, provider] of [
          ["/v1/messages", "openai"],
          ["/v1/chat/completions", "anthropic"],
          ["/v1/responses", "anthropic"],
        ] as const) {
          const one = translator(path, provider).stream();
          try {
            events.forEach((event) => one.push(event));
            one.end();
          } catch (error) {
            expect(String(error)).toContain("the provider's stream");
          }
        }
      }),
    );
  });
});

describe("a stream of messages for a caller of responses", () => {
  it("numbers its events, and ends with the whole response", () => {
    fc.assert(
      fc.property(answer, cuts, (given, places) => {
        const { events, whole } = anthropicAnswer({ model: "m" }, given);
        const made = objects(translated(translator("/v1/responses", "anthropic").stream(), events, places));
        expect(made.map((event) => event["sequence_number"])).toEqual(made.map((_, index) => index));
        const full = translator("/v1/responses", "anthropic").response(whole as JsonObject);
        expect(made.at(-1)).toMatchObject({ type: "response.completed" });
        expect(objectIn(made.at(-1) ?? {}, "response")).toEqual(full);
        const deltas = made.filter(({ type }) => type === "response.output_text.delta");
        expect(deltas.map(({ delta }) => delta).join("")).toBe(given.text);
        const done = made.filter(({ type }) => type === "response.output_item.done").map(({ item }) => item);
        expect(done).toEqual(full["output"]);
        expect(done.filter(isObject).filter(({ type }) => type === "function_call")).toHaveLength(
          given.toolCalls.length,
        );
      }),
      { numRuns: 60 },
    );
  });

  it("an answer that was too long is incomplete, an error a failed response", () => {
    const events = [
      { type: "message_start", message: { id: "x", model: "m" } },
      { type: "message_delta", delta: { stop_reason: "max_tokens" }, usage: { output_tokens: 1 } },
      { type: "message_stop" },
    ].map((event) => `data: ${JSON.stringify(event)}\n\n`);
    const stream = () => translator("/v1/responses", "anthropic").stream();
    expect(objects(translated(stream(), events)).at(-1)).toMatchObject({
      type: "response.incomplete",
      response: { status: "incomplete", incomplete_details: { reason: "max_output_tokens" } },
    });
    const error = 'data: {"type":"error","error":{"message":"busy"}}\n\n';
    expect(objects(translated(stream(), [error])).at(-1)).toMatchObject({
      type: "response.failed",
      response: { status: "failed", error: { message: "busy" } },
    });
  });
});
