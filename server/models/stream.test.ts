import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { askForUsage, withoutUsage } from "#server/models/stream-filter.ts";
import { SseReader, type SseEvent } from "#server/models/sse.ts";
import { UsageReader } from "#server/models/usage.ts";
import { anthropicAnswer, openAiChat, openAiResponse } from "../../tests/support/fake-provider-frames.ts";

/** `bytes` in pieces that end at `cuts`. */
function cut(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...new Set(cuts.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end));
}

function readAll(pieces: readonly Buffer[]): SseEvent[] {
  const reader = new SseReader();
  const events = pieces.flatMap((piece) => reader.push(piece));
  const rest = reader.end();
  return rest === null ? events : [...events, rest];
}

const cuts = fc.array(fc.nat(), { maxLength: 40 });

describe("events", () => {
  const line = fc.stringMatching(/^(?:data: ?|data|event: |: |id: )[a-zäß😀 :{}"]{0,12}$/u);
  const stream = fc
    .array(fc.tuple(fc.array(line, { maxLength: 4 }), fc.constantFrom("\n", "\r\n")), { maxLength: 8 })
    .map((events) => events.map(([lines, end]) => lines.map((text) => text + end).join("") + end).join(""));

  test("are the same wherever the stream is cut, and together they are the stream", () => {
    fc.assert(
      fc.property(stream, cuts, (text, places) => {
        const bytes = Buffer.from(text);
        const whole = readAll([bytes]);
        const pieces = readAll(cut(bytes, places));
        expect(pieces.map(({ data }) => data)).toEqual(whole.map(({ data }) => data));
        expect(Buffer.concat(pieces.map(({ raw }) => raw)).equals(bytes)).toBe(true);
      }),
    );
  });

  test("join their data lines; comments and names are none", () => {
    const [first, second, third] = readAll([Buffer.from("event: x\ndata: a\ndata:b\n\n: c\r\n\r\ndata")]);
    expect([first?.data, second?.data, third?.data]).toEqual(["a\nb", null, ""]);
  });

  test.each([
    ['data: {"a":1}\n\n', '{"a":1}'],
    ["data:bare\r\n\r\n", "bare"],
    ["data:  two spaces \n\n", " two spaces "],
    ["data: \n\n", ""],
    ["data\n\n", ""],
    ["data: with a\rreturn\n\n", "with a\rreturn"],
    ["dataless: x\n\n", null],
    ["data: one\ndata: two\n\n", "one\ntwo"],
  ])("%j says %j", (text, data) => {
    expect(readAll([Buffer.from(text)])).toEqual([{ raw: Buffer.from(text), data }]);
  });

  test("one without end is passed on unread instead of being kept", () => {
    const reader = new SseReader();
    const piece = Buffer.alloc(1024 * 1024, "x");
    let passed = 0;
    for (let count = 0; count < 8; count += 1) {
      for (const { raw, data } of reader.push(piece)) {
        expect(data).toBeNull();
        passed += raw.length;
      }
    }
    expect(passed).toBe(8 * piece.length);
    expect(reader.push(Buffer.from("\n\ndata: y\n\n")).map(({ data }) => data)).toEqual([null, "y"]);
  });
});

describe("usage", () => {
  const usage = { input: 123, output: 45 };
  const answer = { text: "Some text, ünïcödé 😀", toolCalls: [{ name: "f", arguments: { a: 1 } }], usage };
  const asking = { model: "m", stream: true, stream_options: { include_usage: true } };
  const shapes = {
    chat: openAiChat(asking, answer),
    responses: openAiResponse(asking, answer),
    messages: anthropicAnswer(asking, answer),
  };

  test.each(Object.entries(shapes))("of %s is read whole, and from a stream cut anywhere", (_, { whole, events }) => {
    const reader = new UsageReader();
    reader.readWhole(JSON.stringify(whole));
    expect([reader.complete, reader.said]).toMatchObject([true, { inputTokens: 123, outputTokens: 45 }]);
    fc.assert(
      fc.property(cuts, (places) => {
        const streamed = new UsageReader();
        for (const { data } of readAll(cut(Buffer.from(events.join("")), places))) {
          streamed.readEvent(data ?? "");
        }
        expect([streamed.complete, streamed.said]).toMatchObject([true, { inputTokens: 123, outputTokens: 45 }]);
        expect(streamed.textBytes).toBeGreaterThanOrEqual(answer.text.length);
      }),
      { numRuns: 50 },
    );
  });

  test("counts what Anthropic read from its cache and wrote to it, and OpenAI's hidden thinking", () => {
    const reader = new UsageReader();
    const cached = { cache_creation_input_tokens: 5, cache_read_input_tokens: 100 };
    reader.readWhole(JSON.stringify({ usage: { input_tokens: 10, output_tokens: 3, ...cached } }));
    expect(reader.said).toEqual({ inputTokens: 115, outputTokens: 3, cacheReadTokens: 100, cacheWriteTokens: 5 });
    const thinking = new UsageReader();
    thinking.readWhole(JSON.stringify({ usage: { prompt_tokens: 10, completion_tokens: 3, total_tokens: 90 } }));
    expect(thinking.said).toMatchObject({ inputTokens: 10, outputTokens: 80 });
  });

  test("that is no count is not believed", () => {
    const reader = new UsageReader();
    reader.readWhole('{"usage":{"prompt_tokens":-1,"completion_tokens":1e99}}');
    expect(reader.said).toMatchObject({ inputTokens: null, outputTokens: null });
  });

  test("whatever comes, nothing throws", () =>
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        const reader = new UsageReader();
        reader.readWhole(text);
        reader.readEvent(text);
        withoutUsage({ raw: Buffer.from(text), data: text });
      }),
    ));
});

describe("usage that was not asked for", () => {
  const request = { model: "m", stream: true };

  test("is taken out again: the program sees the stream it asked for", () => {
    const asked = askForUsage("/v1/chat/completions", request);
    const answer = { text: "Hello", usage: { input: 1, output: 2 } };
    const sent = readAll([Buffer.from(openAiChat(asked ?? {}, answer).events.join(""))]);
    expect(sent.map(({ raw }) => raw.toString()).join("")).toContain("prompt_tokens");
    const seen = Buffer.concat(sent.map(withoutUsage)).toString();
    expect(seen).toBe(openAiChat(request, answer).events.join(""));
  });

  test("is asked for only where it would be missing", () => {
    expect(askForUsage("/v1/chat/completions", { stream: false })).toBeNull();
    expect(askForUsage("/v1/responses", request)).toBeNull();
    expect(askForUsage("/v1/chat/completions", { ...request, stream_options: { include_usage: true } })).toBeNull();
    expect(askForUsage("/v1/chat/completions", { ...request, stream_options: { include_usage: false, x: 1 } })).toEqual(
      {
        ...request,
        stream_options: { include_usage: true, x: 1 },
      },
    );
  });

  test("a provider that tells it in every chunk is left alone", () => {
    const data = '{"choices":[{"delta":{}}],"usage":{"prompt_tokens":1}}';
    const raw = Buffer.from(`data: ${data}\n\n`);
    expect(withoutUsage({ raw, data })).toBe(raw);
  });
});
