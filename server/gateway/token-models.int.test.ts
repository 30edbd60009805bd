/** Tokens with a list of models of their own, over the wire: what they may call, see, start and hand on. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { callApi, type Called } from "../../tests/support/api-client.ts";
import { startFakeProvider, type FakeProvider } from "../../tests/support/fake-provider.ts";
import { startServer, type TestServer } from "../../tests/support/server.ts";
import { ReplacedToken, TokenPage } from "#server/tokens/schema.ts";

const LITERAL = "kX9-vT2-configured-by-the-operator";
const CHAT = "/v1/chat/completions";

let fake: FakeProvider;
let server: TestServer;

beforeAll(async () => {
  fake = await startFakeProvider();
  const provider = `{ type: "openai", baseUrl: "${fake.baseUrl}", apiKey: "sk-canary-70ab" }`;
  server = await startServer(`{
    gateway: { token: "${LITERAL}" },
    security: { rateLimit: { enabled: false } },
    agents: { cheap: { model: "fake/small" }, dear: { model: "fake/large" } },
    models: {
      retries: { count: 0 },
      providers: { fake: ${provider}, other: ${provider} },
      access: { admin: ["*"], bot: ["fake/*"], rich: ["fake/*", "other/*"] },
      fallback: { "fake/small": ["fake/large"] },
      prices: { "fake/small": { input: 1 }, "fake/large": { input: 9 }, "other/x": { input: 1 } },
    },
  }`);
  await server.sql(
    `INSERT INTO role (name, permissions, channels, commands) VALUES
       ('bot', '{read,write,models:call,tokens:read,tokens:create,tokens:rotate}', '{api}', '{*}'),
       ('rich', '{read,write,models:call}', '{api}', '{*}'), ('mute', '{read,write,models:call}', '{api}', '{*}')`,
  );
});
afterAll(async () => {
  await server.stop();
  await fake.close();
});

let owners = 0;
/** A token of an owner of its own, once the running server knows its role. */
async function bot(models?: string[] | null, more: object = {}): Promise<{ id: string; token: string }> {
  const made = await server.token({ role: "bot", ownerId: `o${(owners += 1)}`, models, ...more });
  await vi.waitFor(async () => expect((await whoami(made.token))["permissions"]).not.toEqual([]), { timeout: 10_000 });
  return made;
}
const whoami = async (token: string) => (await callApi(server.url, "/api/v1/whoami", { token })).body ?? {};
const post = (token: string, path: string, body?: object): Promise<Called> =>
  callApi(server.url, path, { method: "POST", token, ...(body === undefined ? {} : { body }) });
const call = (token: string, model: string): Promise<Called> =>
  post(token, CHAT, { model, messages: [{ role: "user", content: "Hi" }] });
const listed = async (token: string): Promise<string[]> => {
  const { text } = await callApi(server.url, "/v1/models", { token });
  return (JSON.parse(text) as { data: { id: string }[] }).data.map(({ id }) => id);
};
/** The call is refused because of that list, on record, and no provider hears of it. */
async function refused(token: string, model: string, because: string): Promise<void> {
  const before = fake.requests.length;
  const answer = await call(token, model);
  expect([answer.status, JSON.parse(answer.text)]).toMatchObject([404, { error: { code: "model_not_granted" } }]);
  expect(fake.requests).toHaveLength(before);
  expect(await server.events(answer.requestId)).toMatchObject([
    { event: "model.refused", outcome: "denied", reason: "model_not_granted", because, data: { model } },
  ]);
}

describe("a token with a list of models", () => {
  it("AUTHZ-6 calls what its role and its list allow, and is refused the rest on record", async () => {
    const { id, token } = await bot(["fake/small", "other/*"]);
    expect((await call(token, "fake/small")).status).toBe(200);
    await refused(token, "fake/large", `token "${id}", models`);
    await refused(token, "other/x", "models.access.bot");
    expect((await call((await bot()).token, "fake/large")).status).toBe(200);
  });

  it("AUTHZ-6 falls back to no model that its list leaves out", async () => {
    const failure = { status: 500, body: "{}" };
    const triedFor = async (models: string[] | null): Promise<unknown[]> => {
      const { token } = await bot(models);
      fake.script(failure, failure);
      const before = fake.requests.length;
      expect((await call(token, "fake/small")).status).toBeGreaterThanOrEqual(500);
      fake.forget();
      return fake.requests.slice(before).map(({ body }) => (body as { model: string }).model);
    };
    expect(await triedFor(null)).toEqual(["small", "large"]);
    expect(await triedFor(["fake/small"])).toEqual(["small"]);
  });

  it("AUTHZ-6 sees only those in the list, and one by one", async () => {
    const { token } = await bot(["fake/small", "fake/of-its-own", "other/*"]);
    expect(await listed(token)).toEqual(["fake/of-its-own", "fake/small"]);
    const statusOf = async (name: string) =>
      (await callApi(server.url, `/v1/models/${encodeURIComponent(name)}`, { token })).status;
    expect([await statusOf("fake/small"), await statusOf("fake/large"), await statusOf("other/x")]).toEqual([
      200, 404, 404,
    ]);
    expect((await whoami(token))["models"]).toEqual(["fake/small", "fake/of-its-own", "other/*"]);
  });

  it("AUTHZ-6 with an empty list calls and sees nothing; without one, and as the configured token, what the role may", async () => {
    const { id, token } = await bot([]);
    await refused(token, "fake/small", `token "${id}", models`);
    expect([await listed(token), (await whoami(token))["models"]]).toEqual([[], []]);
    const open = await bot(null);
    expect([await listed(open.token), (await whoami(open.token))["models"]]).toEqual([
      ["fake/large", "fake/small"],
      null,
    ]);
    expect((await call(LITERAL, "other/x")).status).toBe(200);
    expect((await whoami(LITERAL))["models"]).toBeNull();
  });

  it("AUTHZ-6 asks no agent whose model its list leaves out", async () => {
    const { id, token } = await bot(["fake/small"]);
    const ask = (agent: string) => post(token, "/api/v1/messages", { text: `/ask @${agent} hello` });
    const dear = await ask("dear");
    expect([dear.status, dear.body?.error]).toMatchObject([403, { details: { reason: "model_not_granted" } }]);
    expect(dear.body?.error?.message).toContain(`model "fake/large"`);
    expect(await server.events(dear.requestId)).toMatchObject([
      { event: "access.denied", reason: "model_not_granted", because: `token "${id}", models` },
    ]);
    // Nothing runs here, for want of an engine; the list is not what stands in its way.
    expect((await ask("cheap")).body?.error?.code).toBe("engine_unavailable");
  });
});

describe("the list is handed on and never widened", () => {
  it.each(["refresh", "rotate"])("AUTH-6 AUTHZ-6 %s keeps it", async (kind) => {
    const { id, token } = await bot(["fake/small"]);
    const answer = await post(token, `/api/v1/tokens/${kind}`);
    const next = ReplacedToken.parse(answer.body);
    await vi.waitFor(async () => expect((await whoami(next.token))["models"]).toEqual(["fake/small"]));
    await refused(next.token, "fake/large", `token "${next.id}", models`);
    expect(await server.events(answer.requestId)).toMatchObject([
      { actor_id: id, outcome: "ok", data: { successor: next.id, models: ["fake/small"] } },
    ]);
    const widening = await post(next.token, `/api/v1/tokens/${kind}`, { models: null });
    expect([widening.status, widening.body?.error?.code]).toEqual([400, "invalid_input"]);
  });

  it("AUTHZ-6 its holder makes tokens within it only; without a word they have the same list", async () => {
    const { token } = await bot(["fake/small", "other/*"]);
    const make = (models?: string[] | null) =>
      post(token, "/api/v1/tokens", { name: "child", role: "bot", ...(models === undefined ? {} : { models }) });
    const asked: [string[] | null | undefined, string[]][] = [
      [undefined, ["fake/small", "other/*"]],
      [["other/x"], ["other/x"]],
      [[], []],
    ];
    for (const [models, expected] of asked) {
      const made = await make(models);
      expect(made.status, made.text).toBe(201);
      expect(await server.events(made.requestId)).toMatchObject([
        { event: "token.created", data: { models: expected } },
      ]);
      const page = await callApi(server.url, "/api/v1/tokens", { token });
      const { tokens } = TokenPage.parse(page.body);
      expect(tokens.find(({ id }) => id === made.body?.["id"])?.models).toEqual(expected);
    }
    for (const models of [null, ["*"], ["fake/*"], ["fake/small", "fake/large"]]) {
      const made = await make(models);
      expect([made.status, made.body?.error?.details]).toEqual([403, { reason: "beyond_grant", field: "models" }]);
      expect(made.body?.error?.message).toContain("limited to the models fake/small, other/*");
      expect(await server.events(made.requestId)).toMatchObject([{ event: "token.refused", reason: "beyond_grant" }]);
    }
  });

  it("AUTHZ-6 its holder gets no broader token's secret by rotating it", async () => {
    const ownerId = `o${(owners += 1)}`;
    const narrow = await bot(["fake/small"], { ownerId });
    const broad = await bot(null, { ownerId });
    const answer = await post(narrow.token, `/api/v1/tokens/${broad.id}/rotate`);
    expect([answer.status, answer.body?.error?.details]).toEqual([403, { reason: "beyond_grant", field: "models" }]);
  });

  it("AUTHZ-6 nor does it make, or rotate, one whose role may call more than its own, however equal in all else", async () => {
    const ownerId = `o${(owners += 1)}`;
    const { token } = await bot(null, { ownerId });
    const make = (role: string, models?: string[]) =>
      post(token, "/api/v1/tokens", { name: "child", role, ...(models === undefined ? {} : { models }) });
    const rich = await server.token({ role: "rich", ownerId });
    for (const refusal of [
      await make("rich"),
      await make("rich", ["fake/small", "other/x"]),
      await post(token, `/api/v1/tokens/${rich.id}/rotate`),
    ]) {
      expect([refusal.status, refusal.body?.error?.details]).toEqual([
        403,
        { reason: "beyond_grant", field: "models" },
      ]);
      expect(refusal.body?.error?.message).toContain('with the role "rich" goes the model "other/');
      expect(refusal.body?.error?.message).toContain("(models.access.rich), and it may call only fake/*.");
      expect(await server.events(refusal.requestId)).toMatchObject([
        { event: "token.refused", reason: "beyond_grant" },
      ]);
    }
    const within = await make("rich", ["fake/*"]);
    expect(within.status, within.text).toBe(201);
    const child = within.body?.["token"] as string;
    await vi.waitFor(async () => expect((await call(child, "fake/large")).status).toBe(200));
    await refused(child, "other/x", `token "${within.body?.["id"] as string}", models`);
    expect((await make("mute")).status).toBe(201);
    // One that its own list narrows gives no more of a role than that.
    const narrow = await bot(["fake/small"]);
    const wider = await post(narrow.token, "/api/v1/tokens", { name: "child", role: "rich", models: ["fake/*"] });
    expect([wider.status, wider.body?.error?.details]).toEqual([403, { reason: "beyond_grant", field: "models" }]);
    expect((await post(narrow.token, "/api/v1/tokens", { name: "child", role: "rich" })).status).toBe(201);
  });

  it.each<[string, unknown, string]>([
    ["a name without its provider", ["fake/*", "small"], "models.1"],
    ["a star in the middle", ["fake/*/x"], "models.0"],
    ["no list", "fake/small", "models"],
    ["too many", Array.from({ length: 101 }, (_, n) => `fake/m${n}`), "models"],
  ])("refuses %s and names the field", async (_name, models, field) => {
    const { token } = await bot();
    const answer = await post(token, "/api/v1/tokens", { name: "child", role: "bot", models });
    expect([answer.status, answer.body?.error?.code]).toEqual([400, "invalid_input"]);
    expect(answer.body?.error?.message).toContain(field);
  });
});
