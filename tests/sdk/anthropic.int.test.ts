/** The `@anthropic-ai/sdk` package as it is, against a running gateway; behind it a provider of the same API, and one that is translated. */
import Anthropic from "@anthropic-ai/sdk";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { goneWithin, startSdkGateway, type SdkGateway } from "../support/sdk-gateway.ts";

let gateway: SdkGateway;
let client: Anthropic;

beforeAll(async () => {
  gateway = await startSdkGateway();
  client = clientFor(gateway.token);
});
afterAll(() => gateway.close());
beforeEach(() => gateway.fake.forget());

/** @param authToken instead of the key, as `Authorization` */
const clientFor = (apiKey: string | null, maxRetries = 0, authToken: string | null = null): Anthropic =>
  new Anthropic({ baseURL: gateway.server.url, apiKey, authToken, maxRetries });

const WEATHER: Anthropic.Tool = {
  name: "weather",
  input_schema: { type: "object", properties: { city: { type: "string" } } },
};
const ask = (model: string) => ({ model, max_tokens: 100, messages: [{ role: "user" as const, content: "hi" }] });

describe.each(["claude/m", "fake/m", "google/gemini-2.5-flash"])("messages with %s", (model) => {
  test("plain", async () => {
    gateway.fake.script({ text: "Hello.", usage: { input: 12, output: 3 } });
    const answer = await client.messages.create({ ...ask(model), system: "Be brief." });
    expect(answer.content).toMatchObject([{ type: "text", text: "Hello." }]);
    expect(answer.stop_reason).toBe("end_turn");
    expect(answer.usage).toMatchObject({ input_tokens: 12, output_tokens: 3 });
    expect(JSON.stringify(gateway.fake.requests.at(-1)?.body)).toContain("Be brief.");
    expect(JSON.stringify(gateway.fake.requests.at(-1)?.headers)).not.toContain(gateway.token);
  });

  test("streamed, each event in its place", async () => {
    gateway.fake.script({ text: "Hello there.", usage: { input: 12, output: 3 } });
    const stream = client.messages.stream(ask(model));
    const texts: string[] = [];
    stream.on("text", (piece) => texts.push(piece));
    const message = await stream.finalMessage();
    expect(message.content).toMatchObject([{ type: "text", text: "Hello there." }]);
    expect([texts.join(""), texts.length > 1]).toEqual(["Hello there.", true]);
    expect([message.stop_reason, message.usage.output_tokens]).toEqual(["end_turn", 3]);
  });

  test("tools, there and back", async () => {
    gateway.fake.script({ toolCalls: [{ name: "weather", arguments: { city: "Bern" } }] });
    const first = await client.messages.create({ ...ask(model), tools: [WEATHER], tool_choice: { type: "any" } });
    expect(first.stop_reason).toBe("tool_use");
    const [use] = first.content;
    if (use?.type !== "tool_use") {
      throw new Error("no tool was called");
    }
    expect([use.name, use.input]).toEqual(["weather", { city: "Bern" }]);
    gateway.fake.script({ text: "Sunny." });
    const second = await client.messages.create({
      ...ask(model),
      tools: [WEATHER],
      messages: [
        { role: "user", content: "hi" },
        { role: "assistant", content: first.content },
        { role: "user", content: [{ type: "tool_result", tool_use_id: use.id, content: "21 °C" }] },
      ],
    });
    expect(second.content).toMatchObject([{ type: "text", text: "Sunny." }]);
    expect(JSON.stringify(gateway.fake.requests.at(-1)?.body)).toContain("21 °C");
  });

  test("tools in a stream, several at once", async () => {
    const toolCalls = [
      { name: "weather", arguments: { city: "Bern" } },
      { name: "weather", arguments: { city: "Genf" } },
    ];
    gateway.fake.script({ text: "Let me see.", toolCalls });
    const { content } = await client.messages.stream({ ...ask(model), tools: [WEATHER] }).finalMessage();
    expect(content.map((block) => (block.type === "tool_use" ? block.input : block.type))).toEqual([
      "text",
      { city: "Bern" },
      { city: "Genf" },
    ]);
  });

  test("a stream that is left is closed at the provider within a second", async () => {
    const held = Promise.withResolvers<void>();
    gateway.fake.script({ text: "Hello there.", hold: held.promise });
    const stream = await client.messages.create({ ...ask(model), stream: true });
    stream.controller.abort();
    expect(await goneWithin(gateway.fake)).toBe(true);
    held.resolve();
  });

  test("half a stream is an error", async () => {
    gateway.fake.script({ text: "Hello there.", breakAfter: 3 });
    const reading = client.messages.stream(ask(model)).finalMessage();
    await expect(reading).rejects.toBeInstanceOf(Anthropic.APIError);
  });

  test.each<[number, new (...parts: never[]) => Error]>([
    [400, Anthropic.BadRequestError],
    [404, Anthropic.NotFoundError],
    [429, Anthropic.RateLimitError],
    [500, Anthropic.InternalServerError],
  ])("the provider's %i is the SDK's error", async (status, kind) => {
    gateway.fake.script({ status, body: '{"error":{"type":"some_error","message":"it says why"}}' });
    const error: unknown = await client.messages.create(ask(model)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(kind);
    expect(String(error)).toContain("it says why");
  });

  test("the SDK's own repetitions keep to what the provider says", async () => {
    const before = gateway.fake.requests.length;
    gateway.fake.script({ status: 429, headers: { "retry-after": "1" } }, { text: "At last." });
    const started = performance.now();
    const answer = await clientFor(gateway.token, 2).messages.create(ask(model));
    expect(answer.content).toMatchObject([{ text: "At last." }]);
    expect(performance.now() - started).toBeGreaterThan(1_000);
    gateway.fake.script({ status: 500, headers: { "x-should-retry": "false" } });
    await expect(clientFor(gateway.token, 2).messages.create(ask(model))).rejects.toBeInstanceOf(
      Anthropic.InternalServerError,
    );
    expect(gateway.fake.requests.length - before).toBe(3);
  });
});

test("a token in place of the key, and counting tokens", async () => {
  const bearer = clientFor(null, 0, gateway.token);
  expect((await bearer.messages.create(ask("claude/m"))).content).toHaveLength(1);
  const { messages } = ask("claude/m");
  expect(await bearer.messages.countTokens({ model: "claude/m", messages })).toMatchObject({ input_tokens: 11 });
});

test("who may not is told so in the SDK's words, and no provider hears of it", async () => {
  const before = gateway.fake.requests.length;
  await expect(clientFor("ocg_nobody").messages.create(ask("claude/m"))).rejects.toBeInstanceOf(
    Anthropic.AuthenticationError,
  );
  await expect(clientFor(gateway.powerless).messages.create(ask("claude/m"))).rejects.toBeInstanceOf(
    Anthropic.PermissionDeniedError,
  );
  await expect(client.messages.create(ask("nowhere/m"))).rejects.toBeInstanceOf(Anthropic.NotFoundError);
  expect(gateway.fake.requests.length).toBe(before);
});

test("the models there are", async () => {
  const names: string[] = [];
  for await (const { id } of client.models.list()) {
    names.push(id);
  }
  expect(names).toEqual(expect.arrayContaining(["fake/m", "claude/m"]));
});

test("what has no counterpart is refused by name", async () => {
  const asked = client.messages.create({ ...ask("fake/m"), stop_sequences: ["1", "2", "3", "4", "5"] });
  await expect(asked).rejects.toThrow("`stop_sequences`");
});
