/** The `openai` package as it is, against a running gateway; behind it a provider of the same API, Google's, and one that is translated. */
import OpenAI from "openai";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { goneWithin, startSdkGateway, type SdkGateway } from "../support/sdk-gateway.ts";

let gateway: SdkGateway;
let client: OpenAI;

beforeAll(async () => {
  gateway = await startSdkGateway();
  client = clientFor(gateway.token);
});
afterAll(() => gateway.close());
beforeEach(() => gateway.fake.forget());

const clientFor = (apiKey: string, maxRetries = 0): OpenAI =>
  new OpenAI({ baseURL: `${gateway.server.url}/v1`, apiKey, maxRetries });

const WEATHER: OpenAI.ChatCompletionTool = {
  type: "function",
  function: { name: "weather", parameters: { type: "object", properties: { city: { type: "string" } } } },
};
const ask = (model: string) => ({ model, messages: [{ role: "user" as const, content: "hi" }] });

describe.each(["fake/m", "google/gemini-2.5-flash", "claude/m"])("chat with %s", (model) => {
  const [provider] = model.split("/");

  test("plain, with the provider's own key", async () => {
    gateway.fake.script({ text: "Hello.", usage: { input: 12, output: 3 } });
    const answer = await client.chat.completions.create({ ...ask(model), max_tokens: 50 });
    expect(answer.choices[0]?.message.content).toBe("Hello.");
    expect(answer.choices[0]?.finish_reason).toBe("stop");
    expect(answer.usage).toMatchObject({ prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 });
    const headers = gateway.fake.requests.at(-1)?.headers;
    expect(headers?.authorization ?? `Bearer ${String(headers?.["x-api-key"])}`).toBe(`Bearer key-of-${provider}`);
    expect(JSON.stringify(headers)).not.toContain(gateway.token);
  });

  test("streamed, with usage when asked for", async () => {
    gateway.fake.script({ text: "Hello there.", usage: { input: 12, output: 3 } });
    const stream = await client.chat.completions.create({
      ...ask(model),
      stream: true,
      stream_options: { include_usage: true },
    });
    const texts: string[] = [];
    let usage: OpenAI.CompletionUsage | null | undefined;
    for await (const chunk of stream) {
      texts.push(chunk.choices[0]?.delta.content ?? "");
      usage = chunk.usage ?? usage;
    }
    expect(texts.join("")).toBe("Hello there.");
    expect(texts.filter((text) => text !== "").length).toBeGreaterThan(1);
    expect(usage).toMatchObject({ prompt_tokens: 12, completion_tokens: 3 });
  });

  test("tools, there and back", async () => {
    gateway.fake.script({
      toolCalls: [
        { name: "weather", arguments: { city: "Bern" } },
        { name: "weather", arguments: {} },
      ],
    });
    const first = await client.chat.completions.create({ ...ask(model), tools: [WEATHER] });
    const [choice] = first.choices;
    expect(choice?.finish_reason).toBe("tool_calls");
    const calls = choice?.message.tool_calls ?? [];
    expect(
      calls.map((call) => (call.type === "function" ? (JSON.parse(call.function.arguments) as unknown) : null)),
    ).toEqual([{ city: "Bern" }, {}]);
    gateway.fake.script({ text: "Sunny." });
    const second = await client.chat.completions.create({
      model,
      tools: [WEATHER],
      messages: [
        { role: "user", content: "hi" },
        ...(choice === undefined ? [] : [choice.message]),
        ...calls.map(({ id }) => ({ role: "tool" as const, tool_call_id: id, content: "21 °C" })),
      ],
    });
    expect(second.choices[0]?.message.content).toBe("Sunny.");
    expect(JSON.stringify(gateway.fake.requests.at(-1)?.body)).toContain("21 °C");
  });

  test("tools in a stream", async () => {
    gateway.fake.script({ text: "Let me see.", toolCalls: [{ name: "weather", arguments: { city: "Bern" } }] });
    const stream = client.chat.completions.stream({ ...ask(model), tools: [WEATHER] });
    const [call] = (await stream.finalChatCompletion()).choices[0]?.message.tool_calls ?? [];
    expect(call).toMatchObject({ type: "function", function: { name: "weather", arguments: '{"city":"Bern"}' } });
  });

  test("a stream that is left is closed at the provider within a second", async () => {
    const held = Promise.withResolvers<void>();
    gateway.fake.script({ text: "Hello there.", hold: held.promise });
    const stream = await client.chat.completions.create({ ...ask(model), stream: true });
    const before = gateway.fake.requests.length;
    stream.controller.abort();
    expect(await goneWithin(gateway.fake)).toBe(true);
    expect(gateway.fake.requests.length).toBe(before);
    held.resolve();
  });

  test("half a stream is an error", async () => {
    gateway.fake.script({ text: "Hello there.", breakAfter: 3 });
    const stream = await client.chat.completions.create({ ...ask(model), stream: true });
    const reading = (async () => {
      for await (const chunk of stream) {
        expect(chunk.choices[0]?.finish_reason ?? null).toBeNull();
      }
    })();
    await expect(reading).rejects.toBeInstanceOf(OpenAI.APIError);
  });

  test.each<[number, new (...parts: never[]) => Error]>([
    [400, OpenAI.BadRequestError],
    [404, OpenAI.NotFoundError],
    [429, OpenAI.RateLimitError],
    [500, OpenAI.InternalServerError],
  ])("the provider's %i is the SDK's error", async (status, kind) => {
    gateway.fake.script({ status, body: '{"type":"error","error":{"type":"some_error","message":"it says why"}}' });
    const error: unknown = await client.chat.completions.create(ask(model)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(kind);
    expect(String(error)).toContain("it says why");
  });
});

test("the other API of OpenAI, whole and streamed, translated and not", async () => {
  for (const model of ["fake/m", "claude/m"]) {
    gateway.fake.script({ text: "Hello." }, { text: "Hello there.", toolCalls: [{ name: "f", arguments: { x: 1 } }] });
    const whole = await client.responses.create({ model, input: "hi" });
    expect([whole.status, whole.output_text]).toEqual(["completed", "Hello."]);
    const stream = client.responses.stream({
      model,
      input: [{ role: "user", content: "hi" }],
      tools: [{ type: "function", name: "f", parameters: { type: "object" }, strict: false }],
    });
    const last = await stream.finalResponse();
    expect(last.output_text).toBe("Hello there.");
    expect(last.output.find(({ type }) => type === "function_call")).toMatchObject({ name: "f", arguments: '{"x":1}' });
  }
});

test("embeddings, packed as the SDK asks for them; another API has none", async () => {
  const { data, usage } = await client.embeddings.create({ model: "fake/e", input: "hi" });
  expect([data[0]?.embedding, usage.prompt_tokens]).toEqual([[0.25, -0.5], 11]);
  await expect(client.embeddings.create({ model: "claude/e", input: "hi" })).rejects.toBeInstanceOf(
    OpenAI.BadRequestError,
  );
});

test("who may not is told so in the SDK's words, and no provider hears of it", async () => {
  const before = gateway.fake.requests.length;
  await expect(clientFor("ocg_nobody").chat.completions.create(ask("fake/m"))).rejects.toBeInstanceOf(
    OpenAI.AuthenticationError,
  );
  await expect(clientFor(gateway.powerless).chat.completions.create(ask("fake/m"))).rejects.toBeInstanceOf(
    OpenAI.PermissionDeniedError,
  );
  await expect(client.chat.completions.create(ask("nowhere/m"))).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  expect(gateway.fake.requests.length).toBe(before);
});

test("what has no counterpart is refused by name", async () => {
  const asked = client.chat.completions.create({ ...ask("claude/m"), n: 2 });
  await expect(asked).rejects.toThrow("`n`");
});

describe("the SDK's own repetitions", () => {
  test.each(["fake/m", "claude/m"])(
    "%s: a failure that passes is asked again, as late as the provider says",
    async (model) => {
      const before = gateway.fake.requests.length;
      gateway.fake.script({ status: 429, headers: { "retry-after": "1" } }, { status: 503 }, { text: "At last." });
      const started = performance.now();
      const answer = await clientFor(gateway.token, 2).chat.completions.create(ask(model));
      expect(answer.choices[0]?.message.content).toBe("At last.");
      expect(gateway.fake.requests.length - before).toBe(3);
      expect(performance.now() - started).toBeGreaterThan(1_000);
    },
  );

  test.each(["fake/m", "claude/m"])("%s: what would fail again is not", async (model) => {
    const before = gateway.fake.requests.length;
    gateway.fake.script({ status: 429, headers: { "x-should-retry": "false" } });
    await expect(clientFor(gateway.token, 2).chat.completions.create(ask(model))).rejects.toBeInstanceOf(
      OpenAI.RateLimitError,
    );
    expect(gateway.fake.requests.length - before).toBe(1);
  });
});

test("the models there are", async () => {
  const names: string[] = [];
  for await (const { id } of client.models.list()) {
    names.push(id);
  }
  expect(names).toEqual(expect.arrayContaining(["fake/m", "claude/m"]));
  expect((await client.models.retrieve("fake/m")).id).toBe("fake/m");
});
