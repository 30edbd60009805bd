/** A token's list of models on every path that leads to a provider: what is outside is refused in the path's own words, also as a fallback. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { callApi, type Called } from "../../tests/support/api-client.ts";
import { startFakeProvider, type FakeProvider } from "../../tests/support/fake-provider.ts";
import { startServer, type TestServer } from "../../tests/support/server.ts";

let fake: FakeProvider;
let server: TestServer;

beforeAll(async () => {
  fake = await startFakeProvider();
  const place = `baseUrl: "${fake.baseUrl}", apiKey: "sk-canary-5f21"`;
  server = await startServer(`{
    security: { rateLimit: { enabled: false } },
    models: {
      retries: { count: 0 },
      providers: { fake: { type: "openai", ${place} }, claude: { type: "anthropic", ${place} } },
      access: { bot: ["*"] },
      fallback: {
        "fake/in": ["fake/out", "claude/out", "fake/in-too"],
        "claude/in": ["claude/out", "fake/out", "claude/in-too"],
      },
    },
  }`);
  await server.sql(
    "INSERT INTO role (name, permissions, channels, commands) VALUES ('bot', '{read,models:call}', '{api}', '{*}')",
  );
});
afterAll(async () => {
  await server.stop();
  await fake.close();
});
beforeEach(() => fake.forget());

let owners = 0;
async function bot(models: string[] | null): Promise<{ id: string; token: string }> {
  const made = await server.token({ role: "bot", ownerId: `o${(owners += 1)}`, models });
  const whoami = async () => (await callApi(server.url, "/api/v1/whoami", { token: made.token })).body ?? {};
  await vi.waitFor(async () => expect((await whoami())["permissions"]).not.toEqual([]), { timeout: 10_000 });
  return made;
}
const modelsAsked = (since: number): unknown[] =>
  fake.requests.slice(since).map(({ body }) => (body as { model: string }).model);

const messages = [{ role: "user", content: "Hi" }];
/** Path, provider whose API it speaks, and the request but for its model. */
const PATHS: [string, "fake" | "claude", object][] = [
  ["/v1/chat/completions", "fake", { messages }],
  ["/v1/chat/completions", "fake", { messages, stream: true }],
  ["/v1/responses", "fake", { input: "Hi" }],
  ["/v1/responses", "fake", { input: "Hi", stream: true }],
  ["/v1/embeddings", "fake", { input: "Hi" }],
  ["/v1/messages", "claude", { messages, max_tokens: 9 }],
  ["/v1/messages", "claude", { messages, max_tokens: 9, stream: true }],
  ["/v1/messages/count_tokens", "claude", { messages }],
];

describe.each(PATHS)("AUTHZ-6 %s of %s, asked %j", (path, provider, request) => {
  const call = (token: string, model: string): Promise<Called> =>
    callApi(server.url, path, { method: "POST", token, body: { model, ...request } });
  const list = [`${provider}/in*`, "none/x"];

  it("answers with what is in the list, and refuses the rest by any name of it, on record", async () => {
    const { id, token } = await bot(list);
    const answered = await call(token, `${provider}/in`);
    expect([answered.status, modelsAsked(fake.requests.length - 1)]).toEqual([200, ["in"]]);
    const before = fake.requests.length;
    const other = provider === "fake" ? "claude" : "fake";
    for (const model of [`${provider}/out`, "out", `${other}/in`, `${provider}/`, `${provider}/In`]) {
      const refusal = await call(token, model);
      const { error } = JSON.parse(refusal.text) as { error: Record<string, unknown> };
      expect([model, refusal.status]).toEqual([model, 404]);
      expect(error["message"]).toContain("is not open to this token");
      expect(error["message"]).toContain("the token's own list leaves it out");
      expect(await server.events(refusal.requestId)).toMatchObject([
        { event: "model.refused", outcome: "denied", reason: "model_not_granted", because: `token "${id}", models` },
      ]);
    }
    // An entry of a list is no name.
    expect((await call(token, `${provider}/in*`)).status).toBe(400);
    expect(fake.requests).toHaveLength(before);
  });

  it("falls back to what the list has, past what it leaves out", async () => {
    const triedWith = async (models: string[] | null): Promise<unknown[]> => {
      const { token } = await bot(models);
      fake.script(...Array.from({ length: 4 }, () => ({ status: 500, body: "{}" })));
      const before = fake.requests.length;
      expect((await call(token, `${provider}/in`)).status).toBeGreaterThanOrEqual(500);
      fake.forget();
      return modelsAsked(before);
    };
    expect(await triedWith([`${provider}/in`])).toEqual(["in"]);
    expect(await triedWith(list)).toEqual(["in", "in-too"]);
    expect((await triedWith(null)).slice(0, 2)).toEqual(["in", "out"]);
  });
});
