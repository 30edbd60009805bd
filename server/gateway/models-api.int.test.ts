/** The API of models as its clients meet it: a running gateway, and a provider behind it that the test scripts. */
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { callApi, type Called } from "../../tests/support/api-client.ts";
import { startFakeProvider, type FakeProvider } from "../../tests/support/fake-provider.ts";
import { startServer, type TestServer } from "../../tests/support/server.ts";

const KEY = "sk-canary-90b1d7e3c5f2";
const CHAT = "/v1/chat/completions";

let fake: FakeProvider;
let server: TestServer;
let token: string;
let tokenId: string;

const config = (): string => `{
  gateway: { token: "kX9-vT2-configured-by-the-operator" },
  security: { rateLimit: { perUser: { windowMs: 900000, maxRequests: 100000, skipSuccessfulRequests: false } } },
  models: {
    timeout: "3s",
    retries: { count: 1, delay: "1ms", maxDelay: "1s" },
    fallback: { "gone/y": ["secret/x", "fake/small"], "fake/first": ["claude/big"] },
    providers: {
      fake: { type: "openai", baseUrl: "${fake.baseUrl}", apiKey: "${KEY}" },
      claude: { type: "anthropic", baseUrl: "${fake.baseUrl}", apiKey: "${KEY}" },
      gone: { type: "openai", baseUrl: "http://127.0.0.1:9/v1", apiKey: "${KEY}" },
      secret: { type: "openai", baseUrl: "${fake.baseUrl}", apiKey: "${KEY}" },
      unset: { type: "openai", baseUrl: "${fake.baseUrl}", apiKey: "\${SURELY_NOT_SET_ANYWHERE}" },
    },
    access: {
      admin: ["*"],
      bot: ["fake/*", "claude/big", "gone/x", "gone/y", "unset/x"],
    },
    prices: { "fake/*": { input: 2, output: 8 }, "fake/small": { input: 1, output: 4, cacheRead: 0.1 } },
  },
}`;

beforeAll(async () => {
  fake = await startFakeProvider();
  server = await startServer(config());
  await server.sql(
    `INSERT INTO role (name, permissions, channels, commands) VALUES
       ('bot', '{models:call}', '{}', '{}'), ('looker', '{models:read}', '{}', '{}'), ('sender', '{read,write}', '{*}', '{*}')`,
  );
  await server.sql("INSERT INTO gateway_user (id, role_name) VALUES ('sam', 'sender'), ('bea', 'bot')");
  ({ token, id: tokenId } = await tokenOf("bot"));
});
afterAll(async () => {
  await server.stop();
  await fake.close();
});
beforeEach(() => fake.forget());

/** A token of that role, once the running server knows the role. */
async function tokenOf(role: string, more: object = {}): Promise<{ id: string; token: string }> {
  const made = await server.token({ name: `${role}'s`, role, ownerId: role, ...more });
  await vi.waitFor(
    async () => {
      const { body } = await callApi(server.url, "/api/v1/whoami", { token: made.token });
      if (!Array.isArray(body?.["permissions"]) || body["permissions"].length === 0) {
        throw new Error("the server does not know the role yet");
      }
    },
    { timeout: 10_000 },
  );
  return made;
}

const question = (more: object = {}): object => ({
  model: "fake/small",
  messages: [{ role: "user", content: "Hi" }],
  ...more,
});
const call = (path: string, body: unknown, more: object = {}): Promise<Called> =>
  callApi(server.url, path, { method: "POST", token, body, ...more });
const lastRequest = (): FakeProvider["requests"][number] => {
  const last = fake.requests.at(-1);
  if (last === undefined) {
    throw new Error("the provider was not asked");
  }
  return last;
};
const errorOf = (answer: Called): { code?: string; type?: string; message: string } =>
  (JSON.parse(answer.text) as { error: { code?: string; type?: string; message: string } }).error;

interface CallRow {
  principal_id: string;
  role: string;
  model: string;
  ending: string;
  input_tokens: number;
  output_tokens: number;
  estimated: boolean;
  cost_nano: number | null;
}
/** What a call's record says of how it ended, once it does; that it was accepted has a test of its own. */
const outcomes = (requestId: string) =>
  vi.waitFor(async () => {
    const found = (await server.events(requestId)).filter(({ event }) => event !== "model.accepted");
    expect(found).not.toEqual([]);
    return found;
  });

/** A call in the list, once it is there: what it used is stored behind an answer that took its time. */
const listed = (requestId: string): Promise<CallRow[]> =>
  vi.waitFor(async () => {
    const found = await server.sql<CallRow>("SELECT * FROM model_call WHERE request_id = $1", [requestId]);
    expect(found).not.toEqual([]);
    return found;
  });

describe("a call", () => {
  test("reaches the provider with its own key, and is in the list and on record", async () => {
    const answer = await call(CHAT, question(), {
      headers: { "x-secret": "mine", cookie: "a=b", "openai-beta": "x=y" },
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ choices: [{ message: { content: "Hello from the fake." } }] });
    expect(lastRequest().body).toEqual({ model: "small", messages: [{ role: "user", content: "Hi" }] });
    expect(lastRequest().headers).toMatchObject({ authorization: `Bearer ${KEY}`, "openai-beta": "x=y" });
    expect(Object.keys(lastRequest().headers)).not.toContain("x-secret");
    expect(JSON.stringify(lastRequest().headers)).not.toContain(token);
    expect(answer.headers).toMatchObject({
      "x-openclaw-model": "fake/small",
      "request-id": answer.requestId,
      "cache-control": "no-store",
      ratelimit: expect.stringContaining("security.rateLimit.") as string,
    });
    // 11 in at $1 and 7 out at $4 for a million.
    expect(await listed(answer.requestId)).toMatchObject([
      { role: "bot", model: "fake/small", ending: "answered", input_tokens: 11, output_tokens: 7, cost_nano: 39_000 },
    ]);
    expect(await outcomes(answer.requestId)).toMatchObject([
      {
        event: "model.called",
        outcome: "ok",
        actor_id: tokenId,
        data: { model: "fake/small", status: 200, inputTokens: 11, outputTokens: 7, costNano: 39_000, attempts: 1 },
      },
    ]);
  });

  test("with a streamed answer is on record as accepted before its first byte, and with what it used before its last", async () => {
    const answer = await call(CHAT, question({ stream: true }));
    const [accepted, called] = await server.events(answer.requestId);
    expect(accepted).toMatchObject({
      event: "model.accepted",
      outcome: "ok",
      actor_id: tokenId,
      data: { model: "fake/small", path: CHAT },
    });
    expect(called).toMatchObject({ event: "model.called" });
  });

  test.each([false, true])("has no answer where that cannot be put on record (stream: %s)", async (stream) => {
    fake.script({ text: "Nobody is to see this" });
    await server.sql("REVOKE INSERT ON audit_intake FROM openclaw_app");
    try {
      const answer = await call(CHAT, question({ stream }));
      expect(answer.status).toBe(503);
      expect(errorOf(answer).message).toBe("The gateway cannot record this call now. Try again later.");
      expect(answer.text).not.toContain("Nobody");
    } finally {
      await server.sql("GRANT INSERT ON audit_intake TO openclaw_app");
    }
    expect((await call(CHAT, question({ stream }))).status).toBe(200);
  });

  test("a stream passes byte for byte when its client asks for usage itself", async () => {
    fake.script({ text: "Byte for byte: ünïcödé 😀" });
    const body = question({ stream: true, stream_options: { include_usage: true } });
    const through = await call(CHAT, body);
    fake.script({ text: "Byte for byte: ünïcödé 😀" });
    const direct = await callApi(fake.origin, CHAT, { method: "POST", body });
    const same = (text: string): string => text.replaceAll(/"(?:id|model|created)":(?:"[^"]*"|\d+)/g, "");
    expect(through.text.length).toBeGreaterThan(100);
    expect(same(through.text)).toBe(same(direct.text));
    expect(await listed(through.requestId)).toMatchObject([{ ending: "answered", output_tokens: 7, estimated: false }]);
  });

  test.each([
    ["/v1/messages", { model: "claude/big", max_tokens: 20, messages: [] }, 11, 7],
    ["/v1/messages", { model: "claude/big", max_tokens: 20, messages: [], stream: true }, 11, 7],
    ["/v1/responses", { model: "fake/small", input: "Hi" }, 11, 7],
    ["/v1/responses", { model: "fake/small", input: "Hi", stream: true }, 11, 7],
    ["/v1/embeddings", { model: "fake/small", input: "Hi" }, 11, 0],
    ["/v1/messages/count_tokens", { model: "claude/big", messages: [] }, 0, 0],
  ])("%s counts what the provider says, with the token in either header", async (path, body, input, output) => {
    const answer = await call(path, body, { token: undefined, headers: { "x-api-key": token } });
    expect(answer.status).toBe(200);
    expect(await listed(answer.requestId)).toMatchObject([{ input_tokens: input, output_tokens: output }]);
  });

  test("what programs in the sandbox may not ask for, clients may: a tool of the provider, a picture by address", async () => {
    const content = [{ type: "image_url", image_url: { url: "https://example.test/a.png" } }];
    const body = { ...question(), messages: [{ role: "user", content }], tools: [{ type: "web_search" }] };
    expect((await call(CHAT, body)).status).toBe(200);
    expect(lastRequest().body).toMatchObject({ tools: [{ type: "web_search" }] });
    expect(errorOf(await call("/v1/responses", { model: "fake/x", input: "a", background: true })).message).toContain(
      "background",
    );
  });
});

describe("official SDKs with a gateway's token", () => {
  const messages = [{ role: "user" as const, content: "Hi" }];
  const openai = (): OpenAI => new OpenAI({ apiKey: token, baseURL: `${server.url}/v1`, maxRetries: 2 });
  const anthropic = (): Anthropic => new Anthropic({ apiKey: token, baseURL: server.url, maxRetries: 2 });

  test("openai: chat, stream, tools, responses, embeddings, models, errors, retries, abort", async () => {
    const client = openai();
    const chat = await client.chat.completions.create({ model: "fake/small", messages });
    expect([chat.choices[0]?.message.content, chat._request_id]).toEqual([
      "Hello from the fake.",
      expect.stringMatching(/^req_/),
    ]);
    let text = "";
    for await (const chunk of await client.chat.completions.create({ model: "small", messages, stream: true })) {
      text += chunk.choices[0]?.delta.content ?? "";
    }
    expect(text).toBe("Hello from the fake.");
    fake.script({ toolCalls: [{ name: "weather", arguments: { town: "Oslo" } }] });
    const tools = [{ type: "function" as const, function: { name: "weather", parameters: { type: "object" } } }];
    const called = await client.chat.completions.create({ model: "fake/small", messages, tools });
    expect(called.choices[0]?.message.tool_calls).toMatchObject([{ function: { name: "weather" } }]);
    expect((await client.responses.create({ model: "fake/small", input: "Hi" })).output_text).toBe(
      "Hello from the fake.",
    );
    const vectors = await client.embeddings.create({ model: "fake/small", input: "Hi", encoding_format: "float" });
    expect(vectors.data[0]?.embedding).toEqual([0.25, -0.5]);
    const ids = (await client.models.list()).data.map(({ id }) => id);
    expect(ids).toEqual(["claude/big", "fake/small", "gone/x", "gone/y", "unset/x"]);
    expect((await client.models.retrieve("fake/small")).id).toBe("fake/small");
    await expect(client.models.retrieve("fake/none")).rejects.toMatchObject({ status: 404, code: "model_not_found" });
    await expect(client.chat.completions.create({ model: "claude/small", messages })).rejects.toMatchObject({
      status: 404,
      code: "model_not_granted",
    });
    // A failure that lasts longer than the gateway's patience is tried again by the SDK, a refusal is not.
    const busy = { status: 500, body: "{}", headers: { "retry-after-ms": "1" } };
    fake.script(busy, busy);
    expect((await client.chat.completions.create({ model: "fake/small", messages })).choices).toHaveLength(1);

    fake.script({ text: "a".repeat(500), hold: new Promise(() => undefined) });
    const stream = await client.chat.completions.create({ model: "fake/small", messages, stream: true });
    for await (const _ of stream) {
      stream.controller.abort();
    }
    const left = performance.now();
    await lastRequest().gone;
    expect(performance.now() - left).toBeLessThan(1_000);
  });

  test("@anthropic-ai/sdk: messages, stream, tools, count, models, errors", async () => {
    const client = anthropic();
    const asked = { model: "claude/big", max_tokens: 30, messages };
    const message = await client.messages.create(asked);
    expect(message.content).toMatchObject([{ type: "text", text: "Hello from the fake." }]);
    expect(message._request_id).toMatch(/^req_/);
    expect(lastRequest().headers).toMatchObject({
      "x-api-key": KEY,
      "anthropic-version": expect.any(String) as string,
    });
    expect((await client.messages.stream(asked).finalMessage()).usage.output_tokens).toBe(7);
    fake.script({ toolCalls: [{ name: "weather", arguments: { town: "Oslo" } }] });
    const tools = [{ name: "weather", input_schema: { type: "object" as const } }];
    expect((await client.messages.create({ ...asked, tools })).content).toMatchObject([
      { type: "tool_use", name: "weather" },
    ]);
    expect((await client.messages.countTokens({ model: "claude/big", messages })).input_tokens).toBe(11);
    expect((await client.models.list()).data.map(({ id }) => id)).toContain("claude/big");
    await expect(client.messages.create({ ...asked, model: "claude/huge" })).rejects.toMatchObject({
      status: 404,
      error: { type: "error", error: { type: "not_found_error" } },
    });
  });
});

describe("a refusal says why in the API's words, reaches no provider and is on record", () => {
  async function refused(path: string, body: unknown, more: object = {}): Promise<Called> {
    const before = fake.requests.length;
    const answer = await call(path, body, more);
    expect(fake.requests.length).toBe(before);
    expect(answer.requestId).toMatch(/^req_/);
    return answer;
  }

  test("no token, a wrong one", async () => {
    const guesses = [undefined, "ocg_000000000000_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA000000"];
    for (const [index, guess] of guesses.entries()) {
      const openai = await refused(CHAT, question(), { token: guess, from: `127.0.2.${index + 1}` });
      expect([openai.status, openai.headers["x-should-retry"]]).toEqual([401, "false"]);
      expect(errorOf(openai)).toMatchObject({ type: "authentication_error", code: "unauthenticated" });
      const claude = await refused("/v1/messages", {}, { token: guess, from: `127.0.2.${index + 11}` });
      expect(JSON.parse(claude.text)).toMatchObject({ type: "error", error: { type: "authentication_error" } });
      expect(await outcomes(claude.requestId)).toMatchObject([{ event: "auth.token_rejected", outcome: "denied" }]);
    }
  });

  test.each<[string, string, object, boolean, boolean]>([
    ["role without models:call", "sender", {}, false, false],
    ["role that may only look", "looker", {}, false, true],
    ["token whose scopes leave it out", "admin", { scopes: ["runs:read"] }, false, false],
    ["token with that scope", "admin", { scopes: ["models:call"] }, true, true],
    ["token made for a person who may not", "admin", { userId: "sam" }, false, false],
    ["token made for a person who may", "admin", { userId: "bea" }, true, true],
  ])("permission of a %s", async (_, role, more, mayCall, mayLook) => {
    const own = await tokenOf(role, { name: `p-${role}-${JSON.stringify(more).length}`, ...more });
    const asked = await call(CHAT, question(), { token: own.token });
    const looked = await callApi(server.url, "/v1/models", { token: own.token });
    expect([asked.status, looked.status]).toEqual([mayCall ? 200 : 403, mayLook ? 200 : 403]);
    if (!mayCall) {
      expect(errorOf(asked)).toMatchObject({ type: "permission_error", code: "forbidden" });
      expect(await outcomes(asked.requestId)).toMatchObject([{ event: "access.denied", reason: "permission_missing" }]);
    }
  });

  test.each<[string, string, unknown, string]>([
    ["an unknown path", "/v1/files", {}, "404 path_unknown"],
    ["a path that is nearly right", `${CHAT}/`, question(), "404 path_unknown"],
    ["a model beyond the allow-list", CHAT, question({ model: "openai/gpt-5" }), "404 model_not_granted"],
    [
      "a role's list that has no such beginning",
      "/v1/messages",
      { model: "claude/x", max_tokens: 9, messages: [] },
      "404",
    ],
    ["no JSON", CHAT, "{", "400 invalid_request"],
    ["a list", CHAT, "[]", "400 invalid_request"],
    ["no UTF-8", CHAT, Buffer.from([0x7b, 0xff, 0x7d]), "400 invalid_request"],
    ["no model", CHAT, {}, "400 invalid_request"],
    ["a token in place of a model", CHAT, question({ model: `ocr_run_1_${"A".repeat(43)}` }), "400 invalid_request"],
    ["no real limit", CHAT, question({ max_tokens: -5 }), "400 invalid_request"],
    [
      "nesting without end",
      CHAT,
      `{"model":"fake/x","metadata":${"[".repeat(9_000)}${"]".repeat(9_000)}}`,
      "400 invalid_request",
    ],
  ])("%s", async (_, path, body, expected) => {
    const answer = await refused(path, body);
    const { code, message } = errorOf(answer);
    expect([String(answer.status), code].join(" ").trim()).toBe(expected);
    expect(message.length).toBeGreaterThan(20);
    expect(await outcomes(answer.requestId)).toMatchObject([
      { event: "model.refused", outcome: "denied", actor_id: tokenId },
    ]);
  });

  test("a body that is too large is refused by its length", async () => {
    const answer = await refused(CHAT, question(), { headers: { "content-length": String(33 * 1024 * 1024) } }).catch(
      () => null,
    );
    expect(answer === null || answer.status === 413).toBe(true);
  });
});

describe("a provider that fails", () => {
  test("429 of the provider passes with its wait and without the gateway's key or account", async () => {
    const headers = {
      "retry-after": "7",
      "set-cookie": "a=b",
      "x-ratelimit-limit-requests": "500",
      "x-request-id": "theirs",
    };
    fake.script({ status: 429, body: `{"error":{"message":"slow down, ${KEY}"}}`, headers });
    const answer = await call(CHAT, question());
    expect([answer.status, answer.headers["retry-after"], answer.text]).toEqual([
      429,
      "7",
      '{"error":{"message":"slow down, [redacted]"}}',
    ]);
    expect([answer.headers["set-cookie"], answer.headers["x-ratelimit-limit-requests"]]).toEqual([
      undefined,
      undefined,
    ]);
    expect(answer.headers["x-request-id"]).toMatch(/^req_/);
    expect(await listed(answer.requestId)).toMatchObject([{ ending: "provider_error", input_tokens: 0, cost_nano: 0 }]);
  });

  test.each<[string, object, Parameters<FakeProvider["script"]>[0] | null, number, string]>([
    ["cannot be reached", { model: "gone/x" }, null, 502, "provider_unreachable"],
    ["redirects", {}, { status: 302, headers: { location: "http://127.0.0.1:9/" } }, 502, "provider_redirected"],
    ["refuses the key", {}, { status: 401, body: `{"error":"Incorrect key ${KEY}"}` }, 502, "provider_refused_key"],
    ["has no key", { model: "unset/x" }, null, 503, "key_missing"],
    [
      "answers with a page",
      {},
      { status: 500, body: "<html>", headers: { "content-type": "text/html" } },
      500,
      "provider_error",
    ],
    ["never answers", {}, { hang: true }, 504, "timeout"],
  ])("and %s", async (_, more, scripted, status, reason) => {
    if (scripted !== null) {
      fake.script(scripted, scripted);
    }
    const answer = await call(CHAT, question(more));
    expect([answer.status, errorOf(answer).code]).toEqual([status, reason]);
    expect(answer.text).not.toMatch(/sk-canary|127\.0\.0\.1|SURELY/);
    expect(await outcomes(answer.requestId)).toMatchObject([{ event: "model.called", outcome: "failed", reason }]);
  });

  test("is tried once more, then the next model that is open answers; the record says which", async () => {
    const busy = { status: 503, body: "{}" };
    fake.script(busy);
    const again = await call(CHAT, question());
    expect([again.status, again.headers["x-openclaw-model"]]).toEqual([200, "fake/small"]);
    expect(await outcomes(again.requestId)).toMatchObject([{ outcome: "ok", data: { attempts: 2 } }]);

    const before = fake.requests.length;
    const elsewhere = await call(CHAT, question({ model: "gone/y" }));
    expect([elsewhere.status, elsewhere.headers["x-openclaw-model"]]).toEqual([200, "fake/small"]);
    expect(fake.requests.length).toBe(before + 1);
    const [event] = await outcomes(elsewhere.requestId);
    expect(event?.data).toMatchObject({ asked: "gone/y", model: "fake/small", attempts: 3, costNano: 39_000 });

    // The fallback speaks another API.
    fake.script(busy, busy);
    const translated = await call(CHAT, question({ model: "fake/first", max_tokens: 20 }));
    expect([translated.status, translated.headers["x-openclaw-model"]]).toEqual([200, "claude/big"]);
    expect(translated.body).toMatchObject({ choices: [{ message: { content: "Hello from the fake." } }] });
    expect(lastRequest()).toMatchObject({ path: "/v1/messages", headers: { "x-api-key": KEY } });
  });

  test("and has said something already: nothing is tried again", async () => {
    fake.script({ text: "x".repeat(400), breakAfter: 2 });
    const before = fake.requests.length;
    await call(CHAT, question({ model: "fake/first", stream: true }));
    expect(fake.requests.length).toBe(before + 1);
  });

  test("breaks a stream off: the answer ends with an error that SDKs throw, and what came is counted", async () => {
    fake.script({ text: "x".repeat(400), breakAfter: 2 });
    const answer = await call(CHAT, question({ stream: true }));
    expect(answer.text).toMatch(/data: \{"error":\{"message":"The model's provider broke the connection off.*\n\n$/);
    expect(answer.text).not.toContain("[DONE]");
    const [row] = await listed(answer.requestId);
    expect(row).toMatchObject({ ending: "provider_broke_off", estimated: true });
    expect(row?.output_tokens).toBeGreaterThan(20);
    fake.script({ text: "x".repeat(400), breakAfter: 2 });
    const client = new OpenAI({ apiKey: token, baseURL: `${server.url}/v1`, maxRetries: 0 });
    const stream = await client.chat.completions.create({ model: "fake/small", messages: [], stream: true });
    await expect(
      (async () => {
        for await (const _ of stream) {
          // Read to its end.
        }
      })(),
    ).rejects.toMatchObject({ code: "provider_broke_off" });
  });
});

test("a client that leaves ends the provider's work within a second and pays once for what came", async () => {
  fake.script({ text: "y".repeat(400), hold: new Promise(() => undefined) });
  const leaving = new AbortController();
  const response = await fetch(`${server.url}${CHAT}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(question({ stream: true })),
    signal: leaving.signal,
  });
  const requestId = response.headers.get("x-request-id") ?? "";
  await response.body?.getReader().read();
  leaving.abort();
  const left = performance.now();
  await lastRequest().gone;
  expect(performance.now() - left).toBeLessThan(1_000);
  await expect.poll(() => listed(requestId)).toMatchObject([{ ending: "caller_gone", estimated: true }]);
  expect(await outcomes(requestId)).toMatchObject([{ event: "model.called", reason: "caller_gone" }]);
});

test("a stream ends with its token", async () => {
  const own = await tokenOf("bot", { name: "short" });
  fake.script({ text: "z".repeat(400), hold: new Promise(() => undefined) });
  const answer = call(CHAT, question({ stream: true }), { token: own.token });
  await expect.poll(() => lastRequest().body["stream"]).toBe(true);
  const revoked = await callApi(server.url, `/api/v1/tokens/${own.id}`, {
    method: "DELETE",
    token: (await tokenOf("admin", { name: "ends it" })).token,
  });
  expect(revoked.status).toBe(200);
  expect((await answer).text).toContain('"code":"token_ended"');
});

test("after all this no provider's key is in the list of calls or in the record", async () => {
  const tables = ["model_call", "model_budget", "model_reservation", "audit_intake", "audit_event"];
  const rows: object[] = [];
  for (const table of tables) {
    rows.push(...(await server.sql(`SELECT row::text AS text FROM ${table} AS row`)));
  }
  expect(rows.length).toBeGreaterThan(20);
  expect(JSON.stringify(rows)).not.toContain(KEY);
});
