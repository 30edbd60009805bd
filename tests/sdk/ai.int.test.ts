/** The `ai` package with its providers for both APIs, as they are, against a running gateway. */
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { APICallError, embed, generateText, jsonSchema, streamText, tool, type LanguageModel } from "ai";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { goneWithin, startSdkGateway, type SdkGateway } from "../support/sdk-gateway.ts";

let gateway: SdkGateway;

beforeAll(async () => void (gateway = await startSdkGateway()));
afterAll(() => gateway.close());
beforeEach(() => gateway.fake.forget());

const openai = () => createOpenAI({ baseURL: `${gateway.server.url}/v1`, apiKey: gateway.token });
const anthropic = (apiKey = gateway.token) => createAnthropic({ baseURL: `${gateway.server.url}/v1`, apiKey });

const WAYS: [way: string, model: () => LanguageModel][] = [
  ["chat of OpenAI", () => openai().chat("fake/m")],
  ["chat of OpenAI, translated", () => openai().chat("claude/m")],
  ["responses of OpenAI", () => openai().responses("fake/m")],
  ["responses of OpenAI, translated", () => openai().responses("claude/m")],
  ["messages of Anthropic", () => anthropic()("claude/m")],
  ["messages of Anthropic, translated", () => anthropic()("fake/m")],
];

const tools = {
  weather: tool({
    description: "The weather of a city",
    inputSchema: jsonSchema<{ city: string }>({ type: "object", properties: { city: { type: "string" } } }),
  }),
};

describe.each(WAYS)("%s", (_way, model) => {
  test("plain, with a system prompt", async () => {
    gateway.fake.script({ text: "Hello.", usage: { input: 12, output: 3 } });
    const { text, usage, finishReason } = await generateText({ model: model(), system: "Be brief.", prompt: "hi" });
    expect([text, finishReason]).toEqual(["Hello.", "stop"]);
    expect(usage).toMatchObject({ inputTokens: 12, outputTokens: 3 });
    expect(JSON.stringify(gateway.fake.requests.at(-1)?.body)).toContain("Be brief.");
  });

  test("streamed", async () => {
    gateway.fake.script({ text: "Hello there." });
    const pieces: string[] = [];
    for await (const piece of streamText({ model: model(), prompt: "hi" }).textStream) {
      pieces.push(piece);
    }
    expect([pieces.join(""), pieces.length > 1]).toEqual(["Hello there.", true]);
  });

  test("tools, whole and streamed", async () => {
    const toolCalls = [{ name: "weather", arguments: { city: "Bern" } }];
    gateway.fake.script({ toolCalls }, { text: "Let me see.", toolCalls });
    const whole = await generateText({ model: model(), tools, prompt: "hi" });
    expect(whole.toolCalls).toMatchObject([{ toolName: "weather", input: { city: "Bern" } }]);
    const calls = await streamText({ model: model(), tools, prompt: "hi" }).toolCalls;
    expect(calls).toMatchObject([{ toolName: "weather", input: { city: "Bern" } }]);
  });

  test("a stream that is left is closed at the provider within a second", async () => {
    const held = Promise.withResolvers<void>();
    gateway.fake.script({ text: "Hello there.", hold: held.promise });
    const before = gateway.fake.requests.length;
    const abort = new AbortController();
    const { fullStream } = streamText({ model: model(), prompt: "hi", abortSignal: abort.signal });
    const reading = (async () => {
      for await (const part of fullStream) {
        void part;
      }
    })();
    await expect.poll(() => gateway.fake.requests.length).toBe(before + 1);
    abort.abort();
    expect(await goneWithin(gateway.fake)).toBe(true);
    held.resolve();
    await reading;
  });

  test("errors, and repetitions of what may pass", async () => {
    gateway.fake.script({ status: 400, body: '{"type":"error","error":{"type":"bad","message":"it says why"}}' });
    const refused: unknown = await generateText({ model: model(), prompt: "hi", maxRetries: 0 }).catch(
      (thrown: unknown) => thrown,
    );
    expect(APICallError.isInstance(refused) && [refused.statusCode, refused.isRetryable, refused.message]).toEqual([
      400,
      false,
      "it says why",
    ]);
    const before = gateway.fake.requests.length;
    gateway.fake.script({ status: 503 }, { text: "At last." });
    expect((await generateText({ model: model(), prompt: "hi", maxRetries: 1 })).text).toBe("At last.");
    expect(gateway.fake.requests.length - before).toBe(2);
  });
});

test("a wrong token", async () => {
  const asked = generateText({ model: anthropic("ocg_nobody")("claude/m"), prompt: "hi", maxRetries: 0 });
  const nobody: unknown = await asked.catch((thrown: unknown) => thrown);
  expect(APICallError.isInstance(nobody) && [nobody.statusCode, nobody.isRetryable]).toEqual([401, false]);
});

test("embeddings", async () => {
  const { embedding } = await embed({ model: openai().embeddingModel("fake/e"), value: "hi" });
  expect(embedding).toEqual([0.25, -0.5]);
});
