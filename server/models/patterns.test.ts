import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { modelsOfRole, modelsOfToken } from "#server/models/access.ts";
import { modelsFor } from "#server/models/listing.ts";
import { commonModels, isGranted } from "#server/models/patterns.ts";
import { modelsOfAll, resolveModel } from "#server/models/resolve.ts";
import { ModelPattern } from "#server/models/schema.ts";

/** Few letters, so that names and beginnings meet often. */
const part = fc.stringMatching(/^[ab]{1,3}$/);
const name = fc.tuple(part, part).map(([provider, model]) => `${provider}/${model}`);
const beginning = fc.tuple(part, fc.stringMatching(/^[ab]{0,2}$/)).map(([provider, model]) => `${provider}/${model}*`);
const list = fc.array(fc.oneof(name, beginning, { weight: 1, arbitrary: fc.constant("*") }), { maxLength: 4 });

describe("lists of models", () => {
  test("AUTHZ-6 what two lists have in common covers a model exactly when both do", () => {
    fc.assert(
      fc.property(list, list, name, (one, other, model) => {
        const both = isGranted(one, model) && isGranted(other, model);
        expect(isGranted(commonModels(one, other), model)).toBe(both);
      }),
      { numRuns: 2_000 },
    );
  });

  test("AUTHZ-6 an entry is within a list only when the list covers every name that the entry covers", () => {
    fc.assert(
      fc.property(list, fc.oneof(name, beginning), name, (own, entry, model) => {
        fc.pre(isGranted(own, entry) && isGranted([entry], model));
        expect(isGranted(own, model)).toBe(true);
      }),
    );
    expect(isGranted(["openai/gpt*"], "openai/*")).toBe(false);
    expect(isGranted(["openai/*"], "*")).toBe(false);
    expect(isGranted(["openai/gpt"], "openai/gpt*")).toBe(false);
  });

  test("AUTHZ-6 nothing outside the role's list or the token's own ever passes, whatever is asked for and however", () => {
    const providers = ["a", "b", "ab"].map((provider) => ({
      ...{ name: provider, type: "openai" as const, baseUrl: "https://x.test", key: null },
    }));
    const route = { api: "openai", path: "/v1/chat/completions" } as const;
    const asked = fc.oneof(name, part, fc.stringMatching(/^[ab/*]{1,8}$/));
    fc.assert(
      fc.property(list, list, asked, fc.constantFrom("client", "program"), (ofRole, ofToken, model, kind) => {
        const models = [modelsOfRole({ user: ofRole }, "user"), modelsOfToken("t1", ofToken)];
        const found = resolveModel(providers, { kind, models }, route, model);
        if (found.ok) {
          expect([isGranted(ofRole, found.value.model), isGranted(ofToken, found.value.model)]).toEqual([true, true]);
        } else if (found.code === "model_not_granted") {
          const source = isGranted(ofRole, found.model) ? 'token "t1", models' : "models.access.user";
          expect(found.because).toBe(source);
        }
        expect(modelsOfAll(models).every((entry) => isGranted(ofRole, entry) && isGranted(ofToken, entry))).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  test("an empty list covers nothing, and a token that is not known has one", () => {
    fc.assert(
      fc.property(name, list, (model, other) => {
        expect(isGranted([], model)).toBe(false);
        expect(commonModels([], other)).toEqual([]);
      }),
    );
    expect(modelsOfToken("gone", undefined).names).toEqual([]);
    expect(modelsOfRole({ admin: ["*"] }, "user").names).toEqual([]);
  });

  test("a token's list adds its own names to what is listed, of providers that are set up and as far as its role goes", () => {
    const config = {
      models: { providers: { local: { type: "openai" as const, baseUrl: "http://x.test/v1" } }, prices: {} },
      security: { apiKeys: {} },
      agents: {},
    };
    const listed = (ofRole: string[], ofToken: string[]) =>
      modelsFor(config, [modelsOfRole({ user: ofRole }, "user"), modelsOfToken("t1", ofToken)]);
    expect(listed(["local/*"], ["local/llama", "far/away", "local/q*"])).toEqual(["local/llama"]);
    expect(listed(["local/other"], ["local/llama"])).toEqual([]);
    expect(listed(["local/*"], [])).toEqual([]);
  });

  test.each<[string, boolean]>([
    ["*", true],
    ["openai/*", true],
    ["openai/gpt-5*", true],
    ["local/meta/llama:8b", true],
    ["openai", false],
    ["openai/", false],
    ["*/gpt", false],
    ["open*/gpt", false],
    ["openai/g*t", false],
    ["openai/**", false],
    ["openai/gpt\n", false],
    ["OpenAI/gpt", false],
    ["", false],
  ])("the entry %j is one: %s", (entry, isOne) => {
    expect(ModelPattern.safeParse(entry).success).toBe(isOne);
  });
});
