/** Budgets of callers of the API, with a running gateway: never more than there is, and never other than the list of calls says. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { inTransaction } from "#server/core/db/in-transaction.ts";
import { createPool } from "#server/core/db/pool.ts";
import { callApi, type Called } from "../../tests/support/api-client.ts";
import { startFakeProvider, type FakeProvider } from "../../tests/support/fake-provider.ts";
import { startServer, type TestServer } from "../../tests/support/server.ts";

const CHAT = "/v1/chat/completions";
const BODY = { model: "fake/small", max_tokens: 50, messages: [{ role: "user", content: "Hi" }] };
/** What one such call sets aside; the fake then uses exactly that. */
const INPUT = Math.ceil(JSON.stringify(BODY).length / 3);
const EACH = INPUT + 50;

let fake: FakeProvider;
let server: TestServer;
beforeAll(async () => {
  fake = await startFakeProvider();
  server = await startServer(config());
  await server.sql("INSERT INTO gateway_user (id, role_name) VALUES ('ana', 'admin'), ('ben', 'admin')");
});
afterAll(async () => {
  await server.stop();
  await fake.close();
});
beforeEach(() => fake.forget());

const config = (): string => `{
  gateway: { tokenConfig: { maxTokens: 100 } },
  security: { rateLimit: { enabled: false } },
  models: {
    timeout: "30s",
    retries: { count: 0 },
    providers: { fake: { type: "openai", baseUrl: "${fake.baseUrl}" } },
    prices: { "fake/small": { input: 1000, output: 1000 } },
    budgets: [
      { scope: "token", name: "fifty", period: "30d", maxTokens: ${EACH * 50} },
      { scope: "token", name: "poor", period: "30d", maxCost: ${(EACH * 3) / 1000} },
      { scope: "user", name: "ana", period: "30d", maxTokens: ${EACH * 2} },
      { scope: "token", name: "crash", period: "30d", maxTokens: ${EACH} },
      { scope: "token", name: "kept", period: "30d", maxTokens: ${EACH * 10} },
      { scope: "token", name: "killed", period: "30d", maxTokens: ${EACH * 100} },
      { scope: "token", name: "open", period: "30d", maxTokens: 500 },
    ],
  },
}`;

const call = (token: string, body: object = BODY, at: TestServer = server): Promise<Called> =>
  callApi(at.url, CHAT, { method: "POST", token, body });
const codeOf = ({ text }: Called): unknown => (JSON.parse(text) as { error?: { code: unknown } }).error?.code;
/** The fake uses what is set aside. */
const exactly = (count: number): void =>
  fake.script(...Array.from({ length: count }, () => ({ text: "x", usage: { input: INPUT, output: 50 } })));

interface Count {
  used: number;
  cost: number;
  reserved: number;
  reserved_nano: number;
}
/** The one count of a token once nothing of it is set aside any more, and what the list of calls adds up to. */
async function countOf(
  tokenId: string,
): Promise<{ count: Count | undefined; sum: { used: number; cost: number } | undefined }> {
  const [row] = await server.sql<{ family_id: string }>("SELECT family_id FROM token WHERE id = $1", [tokenId]);
  const principal = `token:${row?.family_id ?? ""}`;
  const look = async (): Promise<Count | undefined> =>
    (
      await server.sql<Count>(
        `SELECT used_tokens AS used, used_cost_nano AS cost, reserved_tokens AS reserved, reserved_nano
         FROM model_budget WHERE key LIKE 'token|%|' || $1`,
        [principal],
      )
    )[0];
  await expect.poll(look, { timeout: 10_000 }).toMatchObject({ reserved: 0, reserved_nano: 0 });
  const count = await look();
  const [sum] = await server.sql<{ used: number; cost: number }>(
    `SELECT COALESCE(sum(input_tokens + output_tokens), 0)::bigint AS used, COALESCE(sum(cost_nano), 0)::bigint AS cost
     FROM model_call WHERE principal_id = $1`,
    [principal],
  );
  return { count, sum };
}

describe("a budget", () => {
  test("of fifty calls lets fifty of two hundred at the same moment through, and counts what the list says", async () => {
    const { id, token } = await server.token({ name: "fifty", ownerId: "a" });
    exactly(200);
    const before = fake.requests.length;
    const answers = await Promise.all(Array.from({ length: 200 }, () => call(token)));
    const passed = answers.filter(({ status }) => status === 200).length;
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 429]));
    expect([passed, fake.requests.length - before]).toEqual([50, 50]);
    const { count, sum } = await countOf(id);
    expect(count).toEqual({ used: EACH * 50, cost: EACH * 50 * 1_000_000, reserved: 0, reserved_nano: 0 });
    expect(sum).toEqual({ used: EACH * 50, cost: EACH * 50 * 1_000_000 });
  });

  test("that is used up says how much is left, until when and which rule, and SDKs do not try again", async () => {
    const { token } = await server.token({ name: "fifty", ownerId: "b" });
    const answer = await call(token, { ...BODY, max_tokens: EACH * 50 });
    expect([answer.status, answer.headers["x-should-retry"], codeOf(answer)]).toEqual([
      429,
      "false",
      "budget_exhausted",
    ]);
    expect(answer.text).toContain(`${EACH * 50} tokens are left until`);
    expect(answer.text).toContain("models.budgets[0]");
    expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
    expect(await server.events(answer.requestId)).toMatchObject([
      { event: "model.refused", reason: "budget_exhausted", because: "models.budgets[0]" },
    ]);
  });

  test("in money ends where the money does, and refuses a model whose price nobody knows", async () => {
    const { id, token } = await server.token({ name: "poor", ownerId: "c" });
    exactly(4);
    const statuses = [];
    for (let turn = 0; turn < 4; turn += 1) {
      statuses.push((await call(token)).status);
    }
    expect(statuses).toEqual([200, 200, 200, 429]);
    expect((await countOf(id)).count).toMatchObject({ cost: EACH * 3 * 1_000_000, reserved_nano: 0 });
    const other = await server.token({ name: "poor", ownerId: "d" });
    const unknown = await call(other.token, { ...BODY, model: "fake/unpriced" });
    expect([unknown.status, codeOf(unknown)]).toEqual([403, "price_unknown"]);
    expect(unknown.text).toContain("models.prices");
  });

  test("of a user is shared by all their tokens and touches nobody else's", async () => {
    const [one, two, other] = await Promise.all([
      server.token({ name: "one", ownerId: "e", userId: "ana" }),
      server.token({ name: "two", ownerId: "f", userId: "ana" }),
      server.token({ name: "three", ownerId: "g", userId: "ben" }),
    ]);
    exactly(4);
    expect((await call(one.token)).status).toBe(200);
    expect((await call(two.token)).status).toBe(200);
    expect((await call(one.token)).status).toBe(429);
    expect((await call(other.token)).status).toBe(200);
  });

  test("bounds an answer whose length its client left open, and gives back what a failure did not use", async () => {
    const { id, token } = await server.token({ name: "open", ownerId: "h" });
    const open = { model: "fake/small", messages: BODY.messages };
    fake.script({ status: 400, body: '{"error":{"message":"no"}}' });
    expect((await call(token, open)).status).toBe(400);
    expect(fake.requests.at(-1)?.body["max_completion_tokens"]).toBe(500 - Math.ceil(JSON.stringify(open).length / 3));
    expect((await countOf(id)).count).toMatchObject({ used: 0, reserved: 0 });
  });
});

test("after a restart, and for a budget that is new, the count is what the list of calls says", async () => {
  const { id, token } = await server.token({ name: "kept", ownerId: "i" });
  exactly(8);
  for (let turn = 0; turn < 6; turn += 1) {
    await call(token);
  }
  // As if the budget were new: nothing is counted yet.
  await server.sql("DELETE FROM model_budget");
  const again = await startServer(undefined, { sharing: server });
  expect((await call(token, BODY, again)).status).toBe(200);
  const { count, sum } = await countOf(id);
  expect(count).toMatchObject({ used: EACH * 7, reserved: 0 });
  expect(sum).toEqual({ used: count?.used, cost: count?.cost });
  await again.stop();
});

test("what a killed process had set aside is given back when it expires, not before", async () => {
  const { token } = await server.token({ name: "crash", ownerId: "j" });
  const doomed = await startServer(undefined, { sharing: server });
  fake.script({ hang: true });
  const before = fake.requests.length;
  const lost = call(token, BODY, doomed).catch(() => null);
  await expect
    .poll(async () => (await server.sql("SELECT 1 FROM model_reservation")).length, { timeout: 20_000 })
    .toBe(1);
  await expect.poll(() => fake.requests.length, { timeout: 20_000 }).toBe(before + 1);
  const ended = new Promise((resolve) => doomed.process.once("exit", resolve));
  doomed.process.kill("SIGKILL");
  await Promise.all([ended, lost]);
  expect((await call(token)).status).toBe(429);
  await server.sql("UPDATE model_reservation SET expires_at = now() - interval '1 second'");
  exactly(1);
  expect((await call(token)).status).toBe(200);
  await expect.poll(() => server.sql("SELECT 1 FROM model_reservation"), { timeout: 10_000 }).toEqual([]);
  await doomed.stop();
});

test("what a process listed and was killed before it counted is counted once, by another", async () => {
  const { id, token } = await server.token({ name: "killed", ownerId: "k" });
  const doomed = await startServer(undefined, { sharing: server });
  const pool = createPool({ connectionString: server.database.ownerUrl, name: "holder", max: 1 });
  const uncounted = async () => (await server.sql("SELECT 1 FROM model_uncounted")).length;
  // Of a slow call the outcome is stored behind its answer.
  const listed = async () =>
    (
      await server.sql(
        "SELECT 1 FROM model_call AS c JOIN token AS t ON c.principal_id = 'token:' || t.family_id WHERE t.id = $1",
        [id],
      )
    ).length;
  exactly(6);
  expect((await call(token, BODY, doomed)).status).toBe(200);
  await expect.poll(listed, { timeout: 10_000 }).toBe(1);
  await expect.poll(uncounted, { timeout: 10_000 }).toBe(0);
  await inTransaction(pool, async (client) => {
    // Nobody counts: the lock is that of whoever opens a count.
    await client.query("SELECT pg_advisory_xact_lock(hashtextextended('model-counts', 0))");
    for (let turn = 0; turn < 5; turn += 1) {
      expect((await call(token, BODY, doomed)).status).toBe(200);
    }
    await expect.poll(listed, { timeout: 10_000 }).toBe(6);
    const ended = new Promise((resolve) => doomed.process.once("exit", resolve));
    doomed.process.kill("SIGKILL");
    await ended;
    expect(await uncounted()).toBeGreaterThan(0);
  });
  await expect.poll(uncounted, { timeout: 15_000 }).toBe(0);
  // What it held besides stays taken until it expires.
  await server.sql("UPDATE model_reservation SET expires_at = now() - interval '1 second'");
  expect((await call(token, { ...BODY, max_tokens: EACH * 99 })).status).toBe(429);
  const { count, sum } = await countOf(id);
  expect(count).toEqual({ used: EACH * 6, cost: EACH * 6 * 1_000_000, reserved: 0, reserved_nano: 0 });
  expect(sum).toEqual({ used: count?.used, cost: count?.cost });
  await pool.end();
  await doomed.stop();
}, 60_000);
