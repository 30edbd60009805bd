import { statSync } from "node:fs";
import { createServer, request as httpRequest } from "node:http";
import { connect, type AddressInfo } from "node:net";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { Agent, fetch as undiciFetch } from "undici";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { reserve } from "#server/models/budget.ts";
import { readBody } from "#server/models/read-body.ts";
import { startFakeProvider, type FakeProvider } from "../../tests/support/fake-provider.ts";
import { callModels, openModelBench, type ModelBench } from "../../tests/support/models.ts";

const KEY = "sk-canary-4f81c0d2e7a9";
let fake: FakeProvider;
let bench: ModelBench;
beforeAll(async () => {
  fake = await startFakeProvider();
  bench = await openModelBench(config());
});
afterAll(async () => {
  await bench.close();
  await fake.close();
});
beforeEach(() => fake.forget());

const config = (timeout = "30s"): string => `{
  models: {
    timeout: "${timeout}",
    providers: {
      fake: { type: "openai", baseUrl: "${fake.baseUrl}", apiKey: "${KEY}" },
      claude: { type: "anthropic", baseUrl: "${fake.baseUrl}", apiKey: "${KEY}" },
      gone: { type: "openai", baseUrl: "http://127.0.0.1:9/v1", apiKey: "${KEY}" },
      unset: { type: "openai", baseUrl: "${fake.baseUrl}", apiKey: "\${SURELY_NOT_SET_ANYWHERE}" },
    },
  },
}`;

const call = (
  path: string,
  body: object | string | undefined,
  options: Parameters<typeof callModels>[3],
): ReturnType<typeof callModels> => callModels(bench.socket, path, body, options);
const question = (more: object = {}): object => ({
  model: "fake/small",
  messages: [{ role: "user", content: "Hi" }],
  ...more,
});
const lastRequest = (): FakeProvider["requests"][number] => {
  const last = fake.requests.at(-1);
  if (last === undefined) {
    throw new Error("the provider was not asked");
  }
  return last;
};
/** The refusal, and that nobody outside heard of the call. */
async function refused(path: string, body: object | string | undefined, options: Parameters<typeof callModels>[3]) {
  const before = fake.requests.length;
  const answer = await call(path, body, options);
  expect(fake.requests.length).toBe(before);
  return answer;
}

describe("a call", () => {
  test("reaches the provider under its own name and key, is counted and recorded before it ends", async () => {
    const { id, token } = await bench.run();
    const answer = await call("/v1/chat/completions", question({ max_tokens: 50 }), {
      token,
      headers: { "x-secret": "of the program", cookie: "a=b", "openai-beta": "x=y", "user-agent": "program" },
    });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toMatchObject({ choices: [{ message: { content: "Hello from the fake." } }] });
    expect(JSON.parse(answer.trailers["x-openclaw-usage"] ?? "")).toEqual({
      model: "fake/small",
      inputTokens: 11,
      outputTokens: 7,
    });
    const { path, headers, body } = lastRequest();
    expect(path).toBe("/v1/chat/completions");
    expect(body).toEqual({ model: "small", messages: [{ role: "user", content: "Hi" }], max_tokens: 50 });
    expect(headers).toMatchObject({ authorization: `Bearer ${KEY}`, "openai-beta": "x=y" });
    expect(Object.keys(headers)).not.toContain("cookie");
    expect(Object.keys(headers)).not.toContain("x-secret");
    expect(JSON.stringify(headers)).not.toContain("program");
    expect(await bench.grant(id)).toEqual({ used: 18, reserved: 0, calls: 1 });
    expect(await bench.events(id)).toMatchObject([
      {
        event: "model.called",
        outcome: "ok",
        user_id: "ana",
        data: { model: "fake/small", status: 200, inputTokens: 11, outputTokens: 7, estimated: false },
      },
    ]);
  });

  test("a provider that answers a streamed call in one piece: a program hears what it used, settled before the answer", async () => {
    const { id, token } = await bench.run();
    const usage = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 };
    fake.script({ status: 201, body: JSON.stringify({ choices: [], usage }) });
    const answer = await call("/v1/chat/completions", question({ stream: true }), { token });
    expect(await bench.grant(id)).toEqual({ used: 18, reserved: 0, calls: 1 });
    expect(JSON.parse(answer.text)).toMatchObject({ usage });
    expect(JSON.parse(answer.trailers["x-openclaw-usage"] ?? "")).toMatchObject({ inputTokens: 11, outputTokens: 7 });
  });

  test("a stream passes as it comes, without the usage that was asked for on the way", async () => {
    const { id, token } = await bench.run();
    const { promise: hold, resolve: goOn } = Promise.withResolvers<void>();
    fake.script({ text: "Streamed text", hold });
    let pieces = 0;
    const answer = await call("/v1/chat/completions", question({ stream: true }), {
      token,
      onData: () => {
        pieces += 1;
        // The provider sends the rest only now: this resolves only because the first piece came alone.
        goOn();
      },
    });
    expect(pieces).toBeGreaterThan(1);
    expect(answer.text).not.toContain("usage");
    expect(answer.text).toMatch(/^data: \{.*data: \[DONE\]\n\n$/s);
    expect(lastRequest().body).toMatchObject({ stream_options: { include_usage: true } });
    expect(await bench.grant(id)).toEqual({ used: 18, reserved: 0, calls: 1 });

    const asked = await call(
      "/v1/chat/completions",
      question({ stream: true, stream_options: { include_usage: true } }),
      { token },
    );
    expect(asked.text).toContain('"usage":{"prompt_tokens":11');
  });

  test.each([
    ["/v1/messages", { model: "claude/big", max_tokens: 20, messages: [] }, 18],
    ["/v1/messages", { model: "claude/big", max_tokens: 20, messages: [], stream: true }, 18],
    ["/v1/responses", { model: "fake/small", input: "Hi" }, 18],
    ["/v1/responses", { model: "fake/small", input: "Hi", stream: true }, 18],
    ["/v1/embeddings", { model: "fake/small", input: "Hi" }, 11],
    ["/v1/messages/count_tokens", { model: "claude/big", messages: [] }, 0],
  ])("%s counts what the provider says", async (path, body, used) => {
    const { id, token } = await bench.run({ models: ["fake/*", "claude/*"] });
    const answer = await call(path, body, { headers: { "x-api-key": token } });
    expect([answer.status, await bench.grant(id)]).toEqual([200, { used, reserved: 0, calls: 1 }]);
  });

  test("SDKs of both providers work, bare names included", async () => {
    const { token } = await bench.run({ models: ["fake/small", "claude/*"] });
    const dispatcher = new Agent({ connect: { socketPath: bench.socket } });
    const overSocket = ((url: string, init: object) =>
      undiciFetch(url, { ...init, dispatcher })) as unknown as typeof fetch;
    const openai = new OpenAI({ apiKey: token, baseURL: "http://127.0.0.1:8642/v1", fetch: overSocket });
    const anthropic = new Anthropic({ apiKey: token, baseURL: "http://127.0.0.1:8642", fetch: overSocket });

    const messages = [{ role: "user" as const, content: "Hi" }];
    const chat = await openai.chat.completions.create({ model: "small", messages });
    expect(chat.choices[0]?.message.content).toBe("Hello from the fake.");
    let text = "";
    for await (const chunk of await openai.chat.completions.create({ model: "fake/small", messages, stream: true })) {
      text += chunk.choices[0]?.delta.content ?? "";
    }
    expect(text).toBe("Hello from the fake.");
    expect((await openai.models.list()).data.map(({ id }) => id)).toEqual(["fake/small"]);
    expect((await anthropic.models.list()).data.map(({ id }) => id)).toEqual(["fake/small"]);

    const message = await anthropic.messages.create({ model: "big", max_tokens: 30, messages });
    expect(message.content).toMatchObject([{ type: "text", text: "Hello from the fake." }]);
    expect(lastRequest().headers).toMatchObject({
      "x-api-key": KEY,
      "anthropic-version": expect.any(String) as string,
    });
    const streamed = await anthropic.messages.stream({ model: "claude/big", max_tokens: 30, messages }).finalMessage();
    expect(streamed.usage.output_tokens).toBe(7);
    await expect(openai.chat.completions.create({ model: "fake/large", messages })).rejects.toMatchObject({
      status: 404,
      code: "model_not_granted",
    });
    await expect(anthropic.messages.create({ model: "other/x", max_tokens: 3, messages })).rejects.toMatchObject({
      status: 404,
      error: { type: "error", error: { type: "not_found_error" } },
    });
    await dispatcher.close();
  });
});

describe("a refusal says why, reaches no provider and is on record", () => {
  test("of a token that is missing, malformed, foreign, wrong or ended", async () => {
    const live = await bench.run();
    const other = await bench.run();
    const ended = await bench.run({ ended: true });
    const queued = await bench.run({ state: "succeeded" });
    const secretOf = (token: string): string => token.slice(-43);
    const forged = `ocr_${live.id}_${secretOf(other.token)}`;
    const codes = [];
    for (const token of [undefined, "ocr_x", `ocr_run_0000_${"A".repeat(43)}`, forged, ended.token, queued.token]) {
      const answer = await refused("/v1/chat/completions", question(), token === undefined ? {} : { token });
      const { error } = JSON.parse(answer.text) as { error: { code: string } };
      codes.push(`${answer.status} ${error.code}`);
    }
    expect(codes).toEqual([
      "401 token_missing",
      "401 token_malformed",
      "401 token_unknown",
      "401 token_unknown",
      "401 run_ended",
      "401 run_ended",
    ]);
    expect(await bench.events(live.id)).toMatchObject([
      { event: "model.refused", outcome: "denied", reason: "token_unknown" },
    ]);
    expect(await bench.events(ended.id)).toMatchObject([{ reason: "run_ended" }]);
  });

  test.each<[string, string, object | string | undefined, string]>([
    ["an unknown path", "/v1/files", {}, "404 path_unknown"],
    ["a path that is nearly right", "/v1/chat/completions/", question(), "404 path_unknown"],
    ["another host in the target", "http://elsewhere.test/v1/chat/completions", question(), "404 path_unknown"],
    ["a model beyond the grant", "/v1/chat/completions", question({ model: "claude/big" }), "404 model_not_granted"],
    ["a grant without its provider", "/v1/chat/completions", question({ model: "nobody/x" }), "404 provider_missing"],
    ["the other API", "/v1/messages", { model: "fake/small", max_tokens: 9, messages: [] }, "400"],
    ["no JSON", "/v1/chat/completions", "{", "400 invalid_request"],
    ["a list", "/v1/chat/completions", "[]", "400 invalid_request"],
    ["no model", "/v1/chat/completions", {}, "400 invalid_request"],
    ["no real limit", "/v1/chat/completions", question({ max_tokens: -5 }), "400 invalid_request"],
    [
      "a tool that searches the web",
      "/v1/responses",
      { model: "fake/x", tools: [{ type: "web_search" }] },
      "400 not_open_to_programs",
    ],
    ["a body over 4 MiB", "/v1/chat/completions", question({ pad: "x".repeat(4 * 1024 * 1024) }), "413 body_too_large"],
  ])("of %s", async (_, path, body, expected) => {
    const { id, token } = await bench.run({ models: ["fake/*", "nobody/*"] });
    const answer = await refused(path, body, { token });
    const { error } = JSON.parse(answer.text) as { error: { code?: string; message: string } };
    expect([String(answer.status), error.code].join(" ").trim()).toBe(expected);
    expect(error.message.length).toBeGreaterThan(20);
    expect(await bench.events(id)).toMatchObject([{ event: "model.refused", user_id: "ana" }]);
    expect(await bench.grant(id)).toEqual({ used: 0, reserved: 0, calls: 0 });
  });

  test("in a loop is counted, not recorded one by one", async () => {
    const { id, token } = await bench.run();
    await Promise.all(Array.from({ length: 100 }, () => call("/v1/nothing", {}, { token })));
    const events = await bench.events(id);
    expect(events.length).toBeLessThan(50);
    expect(events.reduce((sum, { data }) => sum + Number(data["count"]), 0)).toBe(100);
  });
});

describe("the budget", () => {
  test("200 calls at once never take more than there is, and nothing stays set aside", async () => {
    const body = question({ max_tokens: 50 });
    const each = Math.ceil(JSON.stringify(body).length / 3) + 50;
    // The fake uses exactly what is set aside, so the budget is for ten calls.
    fake.script(...Array.from({ length: 200 }, () => ({ text: "x", usage: { input: each - 50, output: 50 } })));
    const { id, token } = await bench.run({ maxTokens: each * 10 });
    const before = fake.requests.length;
    const answers = await Promise.all(Array.from({ length: 200 }, () => call("/v1/chat/completions", body, { token })));
    const passed = answers.filter(({ status }) => status === 200).length;
    expect(fake.requests.length - before).toBe(passed);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 429]));
    expect(passed).toBeLessThanOrEqual(10);
    expect(await bench.grant(id)).toEqual({ used: passed * each, reserved: 0, calls: passed });
  });

  test("reservations at the same moment are granted exactly as far as it goes, and an ended grant gives none", async () => {
    const { id } = await bench.run({ maxTokens: 1_000 });
    const key = { runId: id, attempt: 1 };
    const need = { inputTokens: 60, outputTokens: 40 };
    const all = await Promise.all(Array.from({ length: 200 }, () => reserve(bench.services.pool, key, need)));
    expect(all.filter(({ ok }) => ok)).toEqual(Array(10).fill({ ok: true, tokens: 100 }));
    expect(all.filter(({ ok }) => !ok)).toEqual(Array(190).fill({ ok: false, left: expect.any(Number) as number }));
    expect(await bench.grant(id)).toEqual({ used: 0, reserved: 1_000, calls: 10 });

    const ended = await bench.run({ ended: true });
    expect((await reserve(bench.services.pool, { runId: ended.id, attempt: 1 }, need)).ok).toBe(false);
    const other = await bench.run();
    expect((await reserve(bench.services.pool, { runId: other.id, attempt: 2 }, need)).ok).toBe(false);
  });

  test("that is gone refuses with what is left, in the API's words, and tells SDKs not to try again", async () => {
    const { token } = await bench.run({ maxTokens: 60, models: ["fake/*", "claude/*"] });
    const openai = await refused("/v1/chat/completions", question({ max_tokens: 1000 }), { token });
    expect([openai.status, openai.headers["x-should-retry"]]).toEqual([429, "false"]);
    expect(JSON.parse(openai.text)).toMatchObject({ error: { type: "insufficient_quota", code: "budget_exhausted" } });
    expect(openai.text).toContain("60 are left");
    const claude = { model: "claude/x", max_tokens: 1000, messages: [] };
    const anthropic = await refused("/v1/messages", claude, { token });
    expect(JSON.parse(anthropic.text)).toMatchObject({ type: "error", error: { type: "rate_limit_error" } });
  });

  test("is also the end of an answer whose length the program left open", async () => {
    const { token } = await bench.run({ maxTokens: 100 });
    const body = question();
    await call("/v1/chat/completions", body, { token });
    expect(lastRequest().body).toMatchObject({
      max_completion_tokens: 100 - Math.ceil(JSON.stringify(body).length / 3),
    });
  });
});

describe("a provider that fails", () => {
  test("passes its own errors on, without the key, and nothing is counted", async () => {
    const { id, token } = await bench.run();
    fake.script({
      status: 429,
      body: `{"error":{"message":"slow down, ${KEY}"}}`,
      headers: { "retry-after": "7", "set-cookie": "a=b" },
    });
    const answer = await call("/v1/chat/completions", question(), { token });
    expect([answer.status, answer.headers["retry-after"], answer.headers["set-cookie"]]).toEqual([429, "7", undefined]);
    expect(answer.text).toBe('{"error":{"message":"slow down, [redacted]"}}');
    expect(await bench.grant(id)).toEqual({ used: 0, reserved: 0, calls: 1 });
    expect(await bench.events(id)).toMatchObject([
      { outcome: "failed", reason: "provider_error", data: { status: 429 } },
    ]);
  });

  test.each<[string, object, Parameters<FakeProvider["script"]>[0] | null, number, string]>([
    ["cannot be reached", { model: "gone/x" }, null, 502, "provider_unreachable"],
    ["redirects", {}, { status: 302, headers: { location: "http://127.0.0.1:9/" } }, 502, "provider_redirected"],
    ["refuses the key", {}, { status: 401, body: `{"error":"Incorrect key ${KEY}"}` }, 502, "provider_refused_key"],
    ["has no key", { model: "unset/x" }, null, 503, "key_missing"],
  ])("and %s: no host, no key in what is told", async (_, more, scripted, status, reason) => {
    const { id, token } = await bench.run({ models: ["fake/*", "gone/*", "unset/*"] });
    if (scripted !== null) {
      fake.script(scripted);
    }
    const answer = await call("/v1/chat/completions", question(more), { token });
    expect([answer.status, (JSON.parse(answer.text) as { error: { code: string } }).error.code]).toEqual([
      status,
      reason,
    ]);
    expect(answer.text).not.toMatch(/sk-canary|127\.0\.0\.1|SURELY/);
    expect(await bench.grant(id)).toMatchObject({ used: 0, reserved: 0 });
    expect(await bench.events(id)).toMatchObject([{ event: "model.called", outcome: "failed", reason }]);
  });

  test("breaks a stream off: so is the answer, and what came is counted", async () => {
    const { id, token } = await bench.run();
    fake.script({ text: "x".repeat(400), breakAfter: 2 });
    await expect(call("/v1/chat/completions", question({ stream: true }), { token })).rejects.toThrow();
    const { used, reserved } = await bench.grant(id);
    expect(reserved).toBe(0);
    // About a hundred bytes of request and two hundred of text, four to a token.
    expect(used).toBeGreaterThan(50);
    expect(used).toBeLessThan(120);
    expect(await bench.events(id)).toMatchObject([{ reason: "provider_broke_off", data: { estimated: true } }]);
  });

  test("takes longer than models.timeout", async () => {
    const { id, token } = await bench.run();
    bench.configure(config("1s"));
    fake.script({ hang: true });
    const answer = await call("/v1/chat/completions", question(), { token });
    bench.configure(config());
    expect(answer.status).toBe(504);
    await lastRequest().gone;
    expect((await bench.grant(id)).reserved).toBe(0);
  });
});

test("a program that leaves ends the provider's work at once, and what came is counted once", async () => {
  const { id, token } = await bench.run();
  fake.script({ text: "y".repeat(400), hold: new Promise(() => undefined) });
  const leaving = new AbortController();
  const asked = call("/v1/chat/completions", question({ stream: true }), {
    token,
    signal: leaving.signal,
    onData: () => leaving.abort(),
  });
  await expect(asked).rejects.toThrow();
  const left = performance.now();
  await lastRequest().gone;
  expect(performance.now() - left).toBeLessThan(1_000);
  await expect.poll(async () => (await bench.grant(id)).reserved).toBe(0);
  expect((await bench.grant(id)).used).toBeGreaterThan(0);
  expect(await bench.events(id)).toMatchObject([{ event: "model.called", reason: "caller_gone" }]);
});

test("a seventeenth call at the same time is refused", async () => {
  const { token } = await bench.run({ maxTokens: 1_000_000 });
  const { promise: hold, resolve: goOn } = Promise.withResolvers<void>();
  const before = fake.requests.length;
  fake.script(...Array.from({ length: 16 }, () => ({ text: "z", hold })));
  const held = Array.from({ length: 16 }, () => call("/v1/chat/completions", question({ stream: true }), { token }));
  await expect.poll(() => fake.requests.length - before).toBe(16);
  const answer = await refused("/v1/chat/completions", question(), { token });
  expect([answer.status, answer.text]).toEqual([429, expect.stringContaining("too_many_calls")]);
  goOn();
  expect((await Promise.all(held)).map(({ status }) => status)).toEqual(Array<number>(16).fill(200));
});

test("garbage, and a request that is never finished, do not disturb the others", async () => {
  const { token } = await bench.run();
  const slow = httpRequest({
    socketPath: bench.socket,
    path: "/v1/chat/completions",
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
  });
  slow.on("error", () => undefined);
  slow.write('{"model":');
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => call("/v1/chat/completions", question(), { token })),
  );
  expect(answers.map(({ status }) => status)).toEqual(Array<number>(10).fill(200));
  slow.destroy();
});

test("a caller that left before its body was asked for does not leave a call behind that never ends", async () => {
  const { promise: outcome, resolve } = Promise.withResolvers<unknown>();
  const server = createServer((request) => {
    request.once("close", () => resolve(readBody(request).catch((error: unknown) => error)));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  const leaving = connect(port, "127.0.0.1", () => {
    leaving.write("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc", () => leaving.destroy());
  });
  expect(await outcome).toMatchObject({ message: expect.stringContaining("the caller left") as string });
  await new Promise((closed) => server.close(closed));
});

test("only this account may use the socket", () => {
  expect(statSync(bench.socket).mode & 0o777).toBe(0o600);
});

test("after all this the provider's key and the run's token are nowhere in the record or the log", async () => {
  const { token } = await bench.run();
  await call("/v1/chat/completions", question(), { token });
  await refused("/v1/chat/completions", question({ model: token }), { token });
  await refused(`/v1/${token}?key=${token}`, {}, { token });
  const rows = await bench.sql("SELECT events::text AS text FROM audit_intake");
  expect(rows.length).toBeGreaterThan(0);
  expect(bench.logged.join("")).toContain("a model call failed");
  for (const said of [JSON.stringify(rows), bench.logged.join("")]) {
    expect(said).not.toContain(KEY);
    expect(said).not.toContain(token.slice(-43));
  }
});
