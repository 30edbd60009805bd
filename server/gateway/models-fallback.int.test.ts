/** Calls whose provider fails: asked again, answered by another model, or not; recorded and counted once all the same. */
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { callApi, type Called } from "../../tests/support/api-client.ts";
import { startFakeProvider, type FakeProvider } from "../../tests/support/fake-provider.ts";
import { startServer, type TestServer } from "../../tests/support/server.ts";

let fake: FakeProvider;
let server: TestServer;
let token: string;

beforeAll(async () => {
  fake = await startFakeProvider();
  const { baseUrl } = fake;
  server = await startServer(
    JSON.stringify({
      models: {
        timeout: "1s",
        retries: { count: 1, delay: "10ms", maxDelay: "1s" },
        providers: {
          fake: { type: "openai", baseUrl, apiKey: "k" },
          claude: { type: "anthropic", baseUrl, apiKey: "k" },
          gone: { type: "openai", baseUrl: "http://127.0.0.1:9/v1", apiKey: "k" },
          unset: { type: "openai", baseUrl, apiKey: "${SURELY_NOT_SET_ANYWHERE}" },
        },
        access: { admin: ["fake/*", "claude/b", "gone/*", "unset/*"] },
        fallback: {
          "fake/a": ["claude/secret", "claude/b"],
          "gone/a": ["fake/b"],
          "unset/a": ["fake/b"],
        },
        budgets: [{ scope: "role", period: "1d", maxTokens: 1_000_000 }],
      },
    }),
  );
  ({ token } = await server.token());
});
afterAll(async () => {
  await server.stop();
  await fake.close();
});
beforeEach(() => fake.forget());

const ask = (model: string, more: object = {}): Promise<Called> =>
  callApi(server.url, "/v1/chat/completions", {
    method: "POST",
    token,
    body: { model, messages: [{ role: "user", content: "hi" }], ...more },
  });

/** What is on record about a call, and how often the provider was asked for it: stored behind an answer that took its time. */
async function told(answer: Called): Promise<object[]> {
  const events = await vi.waitFor(async () => {
    const found = await server.events(answer.requestId);
    expect(found.map(({ event }) => event)).toContain("model.called");
    return found;
  });
  return events
    .filter(({ event }) => event === "model.called")
    .map(({ outcome, reason, data }) => ({
      outcome,
      reason,
      model: data["model"],
      asked: data["asked"],
      attempts: data["attempts"],
      failed: data["failed"],
    }));
}

const textOf = ({ body }: Called): unknown =>
  (body as { choices?: { message?: { content?: unknown } }[] } | null)?.choices?.[0]?.message?.content;

describe("before the first byte", () => {
  test("a failure that passes is asked again, and recorded and counted once", async () => {
    fake.script({ status: 503 }, { text: "At last.", usage: { input: 5, output: 2 } });
    const answer = await ask("fake/a");
    expect([answer.status, textOf(answer), answer.headers["x-openclaw-model"]]).toEqual([200, "At last.", "fake/a"]);
    expect(await told(answer)).toEqual([
      {
        outcome: "ok",
        reason: "answered",
        model: "fake/a",
        asked: "fake/a",
        attempts: 2,
        failed: ["fake/a provider_error 503"],
      },
    ]);
    const calls = await server.sql("SELECT input_tokens, output_tokens FROM model_call WHERE request_id = $1", [
      answer.requestId,
    ]);
    expect(calls).toEqual([{ input_tokens: 5, output_tokens: 2 }]);
    await expect.poll(() => server.sql("SELECT * FROM model_reservation"), { timeout: 10_000 }).toEqual([]);
  });

  test("the next model that the caller may use answers, in the caller's words", async () => {
    const before = fake.requests.length;
    fake.script({ status: 529 }, { status: 500 }, { text: "From the other." });
    const answer = await ask("fake/a");
    expect([textOf(answer), answer.headers["x-openclaw-model"]]).toEqual(["From the other.", "claude/b"]);
    expect(fake.requests.slice(before).map(({ path, body }) => [path, body["model"]])).toEqual([
      ["/v1/chat/completions", "a"],
      ["/v1/chat/completions", "a"],
      ["/v1/messages", "b"],
    ]);
    expect(await told(answer)).toMatchObject([
      {
        model: "claude/b",
        asked: "fake/a",
        attempts: 3,
        failed: [/529/, /500/].map((s) => expect.stringMatching(s) as string),
      },
    ]);
  });

  test("a provider that is away, and one without its key, are stood in for", async () => {
    for (const [model, attempts] of [
      ["gone/a", 3],
      ["unset/a", 2],
    ] as const) {
      const answer = await ask(model);
      expect([answer.status, answer.headers["x-openclaw-model"]]).toEqual([200, "fake/b"]);
      expect(await told(answer)).toMatchObject([{ asked: model, model: "fake/b", attempts }]);
    }
  });

  test("one that does not answer in time is left", async () => {
    fake.script({ hang: true }, { text: "From the other." });
    const answer = await ask("fake/a");
    expect(textOf(answer)).toBe("From the other.");
    expect(await told(answer)).toMatchObject([{ failed: ["fake/a timeout"] }]);
    await fake.requests.at(-2)?.gone;
  });

  test("a stream falls back too", async () => {
    fake.script({ status: 503 }, { status: 503 }, { text: "From the other." });
    const answer = await ask("fake/a", { stream: true });
    expect(answer.headers["x-openclaw-model"]).toBe("claude/b");
    expect(answer.text).toContain("From th");
    expect(answer.text.endsWith("data: [DONE]\n\n")).toBe(true);
  });

  test("what would go wrong again is answered, with the provider's own wish", async () => {
    for (const [scripted, attempts] of [
      [{ status: 400 }, 1],
      [{ status: 404 }, 1],
      [{ status: 403 }, 1],
    ] as const) {
      fake.script(scripted);
      const answer = await ask("fake/a");
      expect(answer.status).toBe(scripted.status);
      expect(await told(answer)).toMatchObject([{ outcome: "failed", attempts, failed: [] }]);
    }
    // Longer than anybody waits here, and nobody else to ask.
    fake.script({ status: 429, headers: { "retry-after": "30" } });
    const busy = await ask("fake/alone");
    expect([busy.status, busy.headers["retry-after"]]).toEqual([429, "30"]);
    expect(await told(busy)).toMatchObject([{ attempts: 1 }]);
  });
});

describe("after the first byte", () => {
  test("nothing is tried again, and half an answer does not look whole", async () => {
    const before = fake.requests.length;
    fake.script({ text: "Hello there.", breakAfter: 2 });
    const answer = await ask("fake/a", { stream: true });
    expect(answer.text).toContain("provider_broke_off");
    expect(answer.text).not.toContain("[DONE]");
    expect(fake.requests.length - before).toBe(1);
    expect(await told(answer)).toMatchObject([{ outcome: "failed", reason: "provider_broke_off", attempts: 1 }]);
  });
});
