/** What the console shows of models, on the real database with the web process's rights. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { callerOf, memberSession } from "../../tests/support/console-caller.ts";
import { openModelBench, type ModelBench } from "../../tests/support/models.ts";
import { systemClock } from "#server/core/clock.ts";
import { clearModels } from "#server/models/upkeep.ts";
import type { AppServices } from "#server/services.ts";

const KEY = "sk-canary-1a2b3c4d5e6f";
let bench: ModelBench;
beforeAll(async () => {
  bench = await openModelBench(`{
    models: {
      providers: {
        fake: { type: "openai", baseUrl: "https://fake.example.test/v1", apiKey: "${KEY}" },
        local: { type: "openai", baseUrl: "http://127.0.0.1:11434/v1" },
        unset: { type: "anthropic", baseUrl: "https://unset.example.test/v1", apiKey: "\${SURELY_NOT_SET_ANYWHERE}" },
      },
      prices: { "fake/small": { input: 1, output: 4 } },
      access: { bot: ["local/llama"] },
      fallback: { "fake/small": ["local/llama"] },
      budgets: [{ scope: "user", name: "*", period: "30d", maxTokens: 1000, maxCost: 1 }],
    },
  }`);
  const rows = Array.from(
    { length: 25 },
    (_, index) =>
      `('call_${String(index).padStart(2, "0")}', now() - interval '${index} minutes', 'token:fam', 'ana', 'bot', 'api', NULL, 'req_${index}',
        'fake/small', '${index % 5 === 0 ? "local/llama" : "fake/small"}', '/v1/chat/completions',
        '${index % 10 === 0 ? "timeout" : "answered"}', 200, 10, 5, false, ${index % 5 === 0 ? "NULL" : "30000"}, ${index})`,
  );
  await bench.sql(`INSERT INTO model_call VALUES ${rows.join(", ")}`);
  const period = 30 * 86_400_000;
  await bench.sql(
    `INSERT INTO model_budget (key, period_start, ends_at, used_tokens, used_cost_nano, reserved_tokens)
     VALUES ($1, now() - interval '1 day', now() + interval '1 day', 300, 900000000, 50), ($2, now() - interval '1 day', now() + interval '1 day', 400, 0, 0),
            ($1, now() - interval '40 days', now() - interval '10 days', 9, 9, 9)`,
    [`user|${period}|ana`, `user|${period}|ben`],
  );
});
afterAll(() => bench.close());

const as = (...permissions: string[]) =>
  callerOf(
    { ...bench.services, clock: systemClock } as unknown as AppServices,
    memberSession("mem_ana", { permissions }),
  ).models;

test("the overview has providers without their keys, prices, what budgets have left and the last day by model", async () => {
  const overview = await as("models:read").overview();
  expect(overview.providers).toEqual([
    { name: "fake", type: "openai", baseUrl: "https://fake.example.test/v1", key: "present" },
    { name: "local", type: "openai", baseUrl: "http://127.0.0.1:11434/v1", key: "none_needed" },
    { name: "unset", type: "anthropic", baseUrl: "https://unset.example.test/v1", key: "missing" },
  ]);
  expect(overview.models).toEqual([
    { name: "fake/small", price: { input: 1, output: 4 }, fallback: ["local/llama"] },
    { name: "local/llama", price: null, fallback: [] },
  ]);
  expect(overview.budgets).toMatchObject([
    {
      source: "models.budgets[0]",
      scope: "user",
      name: "*",
      maxTokens: 1000,
      maxCost: 1,
      counts: [
        { subject: "ana", usedTokens: 300, reservedTokens: 50, usedCost: 0.9, share: 0.9 },
        { subject: "ben", usedTokens: 400, share: 0.4 },
      ],
    },
  ]);
  expect(overview.lastDay).toMatchObject([
    { model: "fake/small", calls: 20, failed: 0, inputTokens: 200, outputTokens: 100, cost: 0.0006, unpriced: 0 },
    { model: "local/llama", calls: 5, failed: 3, unpriced: 5 },
  ]);
  expect(JSON.stringify(overview)).not.toContain(KEY);
});

test("calls come newest first, page by page without a gap, and narrowed", async () => {
  const ids: string[] = [];
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<ReturnType<typeof as>["calls"]>> = await as("models:read").calls({
      limit: 10,
      cursor,
    });
    ids.push(...page.calls.map(({ id }) => id));
    cursor = page.nextCursor;
  } while (cursor !== null);
  expect(ids).toEqual(Array.from({ length: 25 }, (_, index) => `call_${String(index).padStart(2, "0")}`));
  const narrowed = await as("models:read").calls({ model: "local/llama", subject: "ana" });
  expect(narrowed.calls.map(({ cost }) => cost)).toEqual([null, null, null, null, null]);
  await expect(as("models:read").calls({ cursor: "forged" })).rejects.toMatchObject({
    cause: { code: "INVALID_INPUT" },
  });
});

test("calls older than they are kept go, and counts of periods long past", async () => {
  await bench.sql("UPDATE model_call SET at = at - interval '100 days' WHERE id >= 'call_20'");
  await clearModels(bench.services.pool, 90 * 86_400_000);
  expect(await bench.sql("SELECT count(*) AS n FROM model_call")).toEqual([{ n: 20 }]);
  expect(await bench.sql("SELECT count(*) AS n FROM model_budget")).toEqual([{ n: 2 }]);
});

test("it takes models:read; to call models is not enough", async () => {
  await expect(as("models:call", "read", "write").overview()).rejects.toMatchObject({ cause: { code: "FORBIDDEN" } });
});
