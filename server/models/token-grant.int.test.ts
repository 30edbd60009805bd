/** Runs that a token with a list of models has started: they reach no further than it does. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { startFakeProvider, type FakeProvider } from "../../tests/support/fake-provider.ts";
import { callModels, openModelBench, type ModelBench } from "../../tests/support/models.ts";

const CHAT = "/v1/chat/completions";

let fake: FakeProvider;
let bench: ModelBench;
beforeAll(async () => {
  fake = await startFakeProvider();
  const provider = `{ type: "openai", baseUrl: "${fake.baseUrl}", apiKey: "sk-canary-11d0" }`;
  bench = await openModelBench(`{ models: { providers: { fake: ${provider}, other: ${provider} } } }`);
});
afterAll(async () => {
  await bench.close();
  await fake.close();
});

let made = 0;
/** A run with that grant, started by a token with that list; null = by no token. */
async function runOf(granted: string[], ofToken: string[] | null): Promise<{ id: string; token: string; by: string }> {
  const run = await bench.run({ models: granted });
  const by = `tok${(made += 1)}`;
  if (ofToken !== null) {
    await bench.sql(
      `INSERT INTO token (id, name, owner_id, role_name, secret_hash, pepper_id, last4, family_id, models)
       VALUES ($1, 'bot', 'o', 'user', 'h', 'p', '1234', $1, $2)`,
      [by, ofToken],
    );
    await bench.sql("UPDATE run SET token_id = $1 WHERE id = $2", [by, run.id]);
  }
  return { ...run, by };
}
const call = (token: string, model: string) =>
  callModels(bench.socket, CHAT, { model, messages: [{ role: "user", content: "Hi" }] }, { token });

test("AUTHZ-6 a run calls what its grant and its token allow, and the refusal names the list that decided", async () => {
  const { id, token, by } = await runOf(["fake/*"], ["fake/small", "other/*"]);
  expect((await call(token, "fake/small")).status).toBe(200);
  const before = fake.requests.length;
  for (const model of ["fake/large", "other/x"]) {
    const answer = await call(token, model);
    expect([answer.status, answer.text]).toEqual([404, expect.stringContaining("It may use: fake/small.")]);
  }
  expect(fake.requests).toHaveLength(before);
  const refusals = await bench.sql(
    `SELECT because, data->>'model' AS model FROM (
       SELECT (jsonb_array_elements(events::jsonb))->>'because' AS because, (jsonb_array_elements(events::jsonb))->'data' AS data,
         (jsonb_array_elements(events::jsonb))->>'target' AS target FROM audit_intake) AS record WHERE target = $1 AND because IS NOT NULL`,
    [id],
  );
  expect(refusals).toEqual(
    expect.arrayContaining([expect.objectContaining({ because: `token "${by}", models`, model: "fake/large" })]),
  );
});

test("AUTHZ-6 the list of models that a run sees is narrowed, too", async () => {
  const { token } = await runOf(["fake/small", "fake/large", "other/*"], ["fake/small", "other/x"]);
  const { text } = await callModels(bench.socket, "/v1/models", undefined, { token, method: "GET" });
  const names = (JSON.parse(text) as { data: { id: string }[] }).data.map(({ id }) => id);
  expect(names.sort()).toEqual(["fake/small", "other/x"]);
});

test("AUTHZ-6 an empty list, and a token that is there no more, leave a run nothing; no list leaves its grant", async () => {
  const none = await runOf(["fake/*"], []);
  expect((await call(none.token, "fake/small")).status).toBe(404);
  const gone = await runOf(["fake/*"], ["*"]);
  expect((await call(gone.token, "fake/small")).status).toBe(200);
  await bench.sql("DELETE FROM token WHERE id = $1", [gone.by]);
  expect((await call(gone.token, "fake/small")).status).toBe(404);
  const ofNobody = await runOf(["fake/*"], null);
  expect((await call(ofNobody.token, "fake/small")).status).toBe(200);
});
