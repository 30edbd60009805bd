import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { openCliBench, type CliBench } from "../../tests/support/cli.ts";
import { startFakeProvider, type FakeProvider } from "../../tests/support/fake-provider.ts";
import { registerModels } from "./models.ts";

const KEY = "sk-canary-77aa12bc";
let fake: FakeProvider;
let bench: CliBench;
beforeAll(async () => {
  fake = await startFakeProvider();
  bench = await openCliBench(registerModels);
  bench.configure(`{
    models: {
      providers: {
        fake: { type: "openai", baseUrl: "${fake.baseUrl}", apiKey: "${KEY}" },
        claude: { type: "anthropic", baseUrl: "${fake.baseUrl}", apiKey: "${KEY}" },
        gone: { type: "openai", baseUrl: "http://127.0.0.1:9/v1" },
        unset: { type: "openai", baseUrl: "${fake.baseUrl}", apiKey: "\${SURELY_NOT_SET_ANYWHERE}" },
      },
      prices: { "fake/small": { input: 1, output: 4 } },
    },
  }`);
});
afterAll(async () => {
  await bench.close();
  await fake.close();
});
beforeEach(() => fake.forget());

it("lists providers with the state of their key, and models with prices", async () => {
  const { out, exitCode } = await bench.run("models", "list", "--json");
  expect(exitCode).toBe(0);
  const text = out.join("\n");
  expect(JSON.parse(text)).toMatchObject({
    providers: [
      { name: "fake", key: "present" },
      { name: "claude", key: "present" },
      { name: "gone", key: "none_needed" },
      { name: "unset", key: "missing" },
    ],
    models: [{ name: "fake/small", price: { input: 1, output: 4 } }],
  });
  const table = (await bench.run("models", "list")).out.join("\n");
  expect(table).toMatch(/unset +openai .*MISSING/);
  expect(text + table).not.toContain(KEY);
});

it.each(["fake/small", "claude/big"])("%s answers a real call", async (model) => {
  const { out, exitCode } = await bench.run("models", "test", model);
  expect([exitCode, out.join("")]).toEqual([0, expect.stringMatching(/answered in \d+ ms \(11 tokens in, 7 out\)/)]);
  expect(fake.requests.at(-1)?.body).toMatchObject({ model: model.split("/")[1] });
});

it.each<[string, Parameters<FakeProvider["script"]>[0] | null, number, string]>([
  ["fake/small", { status: 401, body: `{"error":"wrong ${KEY}"}` }, 5, "provider_refused_key"],
  ["fake/small", { status: 404, body: `{"error":"no such model ${KEY}"}` }, 5, "provider_error"],
  ["fake/small", { hang: true }, 5, "timeout"],
  ["gone/x", null, 5, "provider_unreachable"],
  ["unset/x", null, 6, "key_missing"],
])("%s that does not answer (%j) says why, without the key", async (model, scripted, exitCode, ending) => {
  if (scripted !== null) {
    fake.script(scripted);
  }
  const answer = await bench.run("models", "test", model, "--json", "--timeout", "1");
  expect([answer.exitCode, JSON.parse(answer.out.join("\n"))]).toEqual([
    exitCode,
    expect.objectContaining({ ok: false, ending, message: expect.stringMatching(/.{10}/) as string }),
  ]);
  expect(answer.out.join("") + answer.err.join("")).not.toContain(KEY);
});

it("a model whose provider is not set up is wrong use", async () => {
  expect((await bench.run("models", "test", "nobody/x")).exitCode).toBe(2);
});
