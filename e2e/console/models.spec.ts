import { startFakeProvider } from "../../tests/support/fake-provider.ts";
import { newToken, openclaw } from "../support/cli.ts";
import { expect, test } from "../support/fixtures.ts";

test("a call by a token appears with what it used, under its budget, and the provider's key nowhere", async ({
  consolePage: page,
  playwright,
  baseURL,
}) => {
  const provider = await startFakeProvider();
  const key = "sk-key-of-the-fake-provider-1234567890";
  await openclaw(
    "config",
    "set",
    "models.providers.e2e",
    JSON.stringify({ type: "openai", baseUrl: provider.baseUrl, apiKey: key }),
  );
  await openclaw("config", "set", "models.budgets", '[{ scope: "token", name: "*", period: "1d", maxTokens: 100000 }]');
  await openclaw("config", "set", "models.prices", '{ "e2e/talker": { input: 3, output: 15 } }');
  const token = await newToken();
  const api = await playwright.request.newContext({ baseURL, extraHTTPHeaders: { authorization: `Bearer ${token}` } });
  try {
    await page.goto("/models");
    const providers = page.getByRole("region", { name: "Providers" });
    await expect(providers.getByRole("row").filter({ hasText: "e2e" })).toContainText("Set");
    const answer = await api.post("/v1/chat/completions", {
      data: { model: "e2e/talker", messages: [{ role: "user", content: "hello" }] },
    });
    expect(answer.status(), await answer.text()).toBe(200);
    const call = page.getByRole("region", { name: "Calls" }).getByRole("row").filter({ hasText: "e2e/talker" });
    await expect(call.first()).toContainText("answered");
    await expect(call.first()).toContainText("11 / 7");
    await expect(page.getByRole("region", { name: "Last 24 hours" })).toContainText("$0.000138");
    await expect(page.getByRole("region", { name: "Budgets" }).getByRole("meter").first()).toBeVisible();
    expect(await page.content()).not.toContain(key);
  } finally {
    await api.dispose();
    await provider.close();
    await openclaw("config", "set", "models.budgets", "[]");
  }
});
