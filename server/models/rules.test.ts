import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { needOf, withOutputLimit } from "#server/models/budget.ts";
import { providersOf } from "#server/models/policy.ts";
import { readRequest } from "#server/models/request.ts";
import { isGranted } from "#server/models/patterns.ts";
import { findRoute, isModelName, modelList, resolveModel } from "#server/models/resolve.ts";
import { newRunToken, parseRunToken, withoutRunTokens } from "#server/models/run-token.ts";

const NO_KEYS = { models: { providers: {} }, security: { apiKeys: {} } };

describe("run tokens", () => {
  test("name their run and match their own hash only", () => {
    const { token, hash } = newRunToken("run_0123456789abcdefghjk");
    expect(token).toMatch(/^ocr_run_0123456789abcdefghjk_[\w-]{43}$/);
    expect(parseRunToken(token)).toEqual({ runId: "run_0123456789abcdefghjk", hash });
    expect(newRunToken("run_0123456789abcdefghjk").token).not.toBe(token);
    expect(parseRunToken(`${token.slice(0, -1)}${token.endsWith("A") ? "B" : "A"}`)?.hash).not.toEqual(hash);
    expect(parseRunToken(`${token} `)).toBeNull();
    expect(withoutRunTokens(`/v1/${token}/x`)).toBe("/v1/[run token]/x");
  });
  test("no other text is one", () => fc.assert(fc.property(fc.string(), (text) => parseRunToken(text) === null)));
});

describe("providers", () => {
  test("built-in ones are there with a key or a description, others as described", () => {
    const config = {
      models: {
        providers: {
          local: { type: "openai" as const, baseUrl: "http://127.0.0.1:11434/v1/" },
          openai: { baseUrl: "https://proxy.test/v1", apiKey: "mine" },
          half: { type: "openai" as const },
        },
      },
      security: { apiKeys: { anthropic: "${A}", openai: undefined, google: undefined } },
    };
    expect(providersOf(config)).toEqual([
      {
        name: "anthropic",
        type: "anthropic",
        baseUrl: "https://api.anthropic.com/v1",
        key: { path: "security.apiKeys.anthropic", written: "${A}" },
      },
      {
        name: "openai",
        type: "openai",
        baseUrl: "https://proxy.test/v1",
        key: { path: "models.providers.openai.apiKey", written: "mine" },
      },
      { name: "local", type: "openai", baseUrl: "http://127.0.0.1:11434/v1", key: null },
    ]);
    expect(providersOf(NO_KEYS)).toEqual([]);
  });
});

describe("models", () => {
  const providers = providersOf({ ...NO_KEYS, security: { apiKeys: { anthropic: "a", openai: "o", google: "g" } } });
  const chat = { api: "openai", path: "/v1/chat/completions" } as const;
  const messages = { api: "anthropic", path: "/v1/messages" } as const;
  const found = (granted: string[], route: typeof chat | typeof messages, asked: string): string => {
    const answer = resolveModel(
      providers,
      { kind: "program", models: [{ holder: "run", source: "g", names: granted }] },
      route,
      asked,
    );
    return answer.ok ? `${answer.value.provider.name} ${answer.value.upstream} ${answer.value.model}` : answer.code;
  };

  test.each<[string[], typeof chat | typeof messages, string, string]>([
    [["openai/gpt"], chat, "openai/gpt", "openai gpt openai/gpt"],
    [["openai/gpt"], chat, "gpt", "openai gpt openai/gpt"],
    [["anthropic/*"], messages, "opus", "anthropic opus anthropic/opus"],
    [["google/*"], chat, "google/a/b", "google a/b google/a/b"],
    [["openai/gpt"], chat, "openai/gpt-5", "model_not_granted"],
    [["openai/gpt-5"], chat, "openai/gpt", "model_not_granted"],
    [["openai/gpt"], chat, "google/gpt", "model_not_granted"],
    [[], chat, "openai/gpt", "model_not_granted"],
    [["other/*"], chat, "other/gpt", "provider_missing"],
    [["openai/*"], chat, "openai/", "provider_missing"],
    [["openai/*"], messages, "openai/gpt", "wrong_api"],
  ])("grant %j, %j, %s: %s", (granted, route, asked, expected) => {
    expect(found(granted, route, asked)).toBe(expected);
  });

  test("whatever is asked for, only what is granted is found", () => {
    const names = fc.stringMatching(/^(?:(?:openai|google|anthropic|x)\/)?[a-z*/.-]{1,12}$/);
    fc.assert(
      fc.property(
        fc.array(names, { maxLength: 4 }),
        names,
        fc.constantFrom(chat, messages),
        (granted, asked, route) => {
          const answer = resolveModel(
            providers,
            { kind: "program", models: [{ holder: "run", source: "g", names: granted }] },
            route,
            asked,
          );
          if (answer.ok) {
            const { provider, upstream, model } = answer.value;
            expect(isGranted(granted, model)).toBe(true);
            expect(model).toBe(`${provider.name}/${upstream}`);
            expect(provider.type).toBe(route.api);
          }
        },
      ),
    );
  });

  test("names hold nothing that could mean something elsewhere", () => {
    expect(["gpt-5", "openai/gpt-5:free", "meta-llama/Llama-3.1@x"].map(isModelName)).toEqual([true, true, true]);
    const token = newRunToken("run_0").token;
    expect(["", "a\nb", "a b", "../x", "ü", 5, null, "a".repeat(201), token].some(isModelName)).toBe(false);
  });

  test("the list holds exact names, in the shape of both APIs", () => {
    expect(modelList(["openai/gpt", "anthropic/*"])).toMatchObject({
      object: "list",
      data: [{ id: "openai/gpt", object: "model", owned_by: "openai" }],
      first_id: "openai/gpt",
      has_more: false,
    });
  });

  test("paths are exact; a query is no part of them", () => {
    expect(findRoute("POST", "/v1/messages?beta=true")?.upstream).toBe("/messages");
    const others = ["/v1/messages/", "//v1/messages", "/V1/messages", "/v1/x/../messages", "/v1/messages%2f", "*"];
    expect(others.map((path) => findRoute("POST", path))).toEqual(others.map(() => null));
    expect(findRoute("GET", "/v1/messages")).toBeNull();
  });
});

describe("requests", () => {
  const read = (api: "openai" | "anthropic", body: object): (() => unknown) => {
    return () => readRequest(api, JSON.stringify({ model: "x", ...body }));
  };
  const image = (url: string): object => ({ messages: [{ content: [{ type: "image_url", image_url: { url } }] }] });

  test.each<[string, "openai" | "anthropic", object]>([
    ["a web search", "openai", { tools: [{ type: "function" }, { type: "web_search" }] }],
    ["a remote MCP server", "openai", { tools: [{ type: "mcp", server_url: "https://x.test" }] }],
    ["search by option", "openai", { web_search_options: {} }],
    ["a web search", "anthropic", { tools: [{ type: "web_search_20250305", name: "web_search" }] }],
    ["a web fetch", "anthropic", { tools: [{ type: "web_fetch_20250910", name: "web_fetch" }] }],
    ["code execution", "anthropic", { tools: [{ type: "code_execution_20250522", name: "c" }] }],
    ["MCP servers", "anthropic", { mcp_servers: [{ url: "https://x.test" }] }],
    ["work in the background", "openai", { background: true }],
    ["an image by address", "openai", image("https://x.test/?secret")],
    ["an image by address", "openai", { input: [{ content: [{ type: "input_image", image_url: "HTTP://x.test" }] }] }],
    ["a file by address", "openai", { input: [{ content: [{ type: "input_file", file_url: "https://x.test" }] }] }],
    [
      "an image by address",
      "anthropic",
      { messages: [{ content: [{ type: "image", source: { type: "url", url: "x" } }] }] },
    ],
    [
      "a document by address in a tool's result",
      "anthropic",
      { messages: [{ content: [{ type: "tool_result", content: [{ source: { type: "url", url: "x" } }] }] }] },
    ],
    [
      "a screenshot by address",
      "openai",
      { input: [{ output: { type: "computer_screenshot", image_url: "https://x" } }] },
    ],
  ])("no way out: %s (%s)", (_, api, body) => {
    expect(read(api, body)).toThrow(expect.objectContaining({ status: 400, code: "not_open_to_programs" }));
  });

  test.each<[string, "openai" | "anthropic", object]>([
    ["functions", "openai", { tools: [{ type: "function", function: { name: "f" } }], background: false }],
    [
      "tools of its own",
      "anthropic",
      {
        tools: [
          { name: "f", input_schema: {} },
          { type: "bash_20250124", name: "b" },
        ],
      },
    ],
    ["images as data", "openai", image("data:image/png;base64,AAAA")],
    [
      "a tool's arguments with an address",
      "anthropic",
      { messages: [{ content: [{ type: "tool_use", input: { page_url: "https://x.test" } }] }] },
    ],
    ["text with an address", "openai", { messages: [{ content: "see https://x.test" }] }],
  ])("%s pass (%s)", (_, api, body) => expect(read(api, body)).not.toThrow());

  test("whatever JSON comes, it is read or refused with 400", () =>
    fc.assert(
      fc.property(fc.json(), fc.constantFrom("openai" as const, "anthropic" as const), (text, api) => {
        try {
          readRequest(api, text);
        } catch (error) {
          expect(error).toMatchObject({ name: "ModelRefusal", status: 400 });
        }
      }),
    ));

  test.each([20, 200_000])("nesting of %i levels is refused in messages, and elsewhere beyond a hundred", (levels) => {
    const deep = "[".repeat(levels) + "]".repeat(levels);
    expect(() => readRequest("openai", `{"model":"x","input":${deep}}`)).toThrow(/nested too deeply/);
    const elsewhere = (): unknown => readRequest("openai", `{"model":"x","metadata":${deep}}`);
    if (levels > 100) {
      expect(elsewhere).toThrow(/nested too deeply/);
    } else {
      expect(elsewhere).not.toThrow();
    }
  });
});

describe("what a call needs", () => {
  test.each<[string, object, number, object]>([
    ["/v1/chat/completions", { max_tokens: 10, max_completion_tokens: 40 }, 30, { inputTokens: 10, outputTokens: 40 }],
    ["/v1/chat/completions", { max_tokens: 10, n: 3 }, 30, { inputTokens: 10, outputTokens: 30 }],
    // Another API's name is ignored by the provider, so it is no limit here either.
    ["/v1/chat/completions", { max_output_tokens: 1 }, 31, { inputTokens: 11, outputTokens: null }],
    ["/v1/responses", { max_output_tokens: 5, max_tokens: 1 }, 30, { inputTokens: 10, outputTokens: 5 }],
    ["/v1/embeddings", { max_tokens: 9 }, 30, { inputTokens: 10, outputTokens: 0 }],
    ["/v1/messages/count_tokens", {}, 30, { inputTokens: 0, outputTokens: 0 }],
  ])("%s %j", (path, body, bytes, need) => expect(needOf(path, { ...body }, bytes)).toEqual(need));

  test("an open end gets a limit in the words of its API", () => {
    expect(withOutputLimit("/v1/chat/completions", { n: 4 }, 100)).toEqual({ n: 4, max_completion_tokens: 25 });
    expect(withOutputLimit("/v1/responses", {}, 100)).toEqual({ max_output_tokens: 100 });
  });
});
