import { newToken } from "../support/cli.ts";
import { expect, test } from "../support/fixtures.ts";

test("shows the state of every part", async ({ consolePage: page }) => {
  await page.goto("/overview");
  for (const [card, state] of [
    ["Engine", "Ready"],
    ["Workers", "1 alive"],
    ["Database", "Online"],
    ["Audit chain", "Sealing"],
    ["Backups", /None yet|Made/],
    ["Config", "Loaded"],
  ] as const) {
    await expect(page.getByRole("region", { name: card, exact: true })).toContainText(state);
  }
});

test("the first answer is in the page itself: nothing has to load before it can be read", async ({
  consolePage: page,
}) => {
  await page.route("**/api/trpc/**", (route) => route.abort());
  await page.goto("/overview", { waitUntil: "commit" });
  await expect(page.getByRole("region", { name: "Database", exact: true })).toContainText("Online");
});

test("a run started through the API appears and finishes without a reload", async ({
  consolePage: page,
  playwright,
  baseURL,
}) => {
  await page.goto("/overview");
  await page.evaluate(() => document.body.setAttribute("data-same-page", "yes"));
  const api = await playwright.request.newContext({
    baseURL,
    extraHTTPHeaders: { authorization: `Bearer ${await newToken()}` },
  });
  const answer = await api.post("/api/v1/messages", {
    data: { channel: "api", user: "user123", text: "/run python\nprint(6*7)" },
  });
  expect(answer.status(), await answer.text()).toBe(200);
  const body = (await answer.json()) as { runId: string; reply: { text: string } };
  expect(body.reply.text.trim()).toBe("42");
  const row = page.getByRole("row").filter({ hasText: body.runId });
  await expect(row).toContainText("Succeeded");
  await expect(row).toContainText("user123");
  await expect(page.locator("body[data-same-page=yes]")).toHaveCount(1);
  await expect(page.getByText("6*7")).toHaveCount(0);
  await api.dispose();
});

test("OPS-1 the checklist says what is so, with a way to fix what is not", async ({ consolePage: page }) => {
  await page.goto("/overview");
  const setup = page.getByRole("region", { name: "Initial setup" });
  await expect(setup.getByRole("listitem")).toHaveCount(6);
  await expect(setup.getByRole("listitem").filter({ hasText: "Configure secure network binding" })).toContainText(
    "Done",
  );
  await expect(page.getByText(/^\d+ of 100$/)).toBeVisible();
});

test("who was refused, and why, is on the first screen", async ({ consolePage: page, playwright, baseURL }) => {
  const api = await playwright.request.newContext({ baseURL, extraHTTPHeaders: { authorization: "Bearer ocg_wrong" } });
  expect((await api.get("/api/v1/whoami")).status()).toBe(401);
  await api.dispose();
  await page.goto("/overview");
  const denied = page.getByRole("region", { name: "Recently denied" }).getByRole("row");
  await expect(denied.filter({ hasText: "What was sent is no token" }).first()).toBeVisible();
});

test("a failed refresh keeps the last status, says so, and can be retried", async ({ consolePage: page }) => {
  await page.goto("/overview");
  await page.route("**/api/trpc/**", (route) => route.abort());
  await expect(page.getByText("The status below is out of date")).toBeVisible();
  await expect(page.getByRole("region", { name: "Database", exact: true })).toBeVisible();
  await page.unroute("**/api/trpc/**");
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByText("The status below is out of date")).toBeHidden();
});

test("a session that ended sends the page to sign in, saying why", async ({ consolePage: page }) => {
  await page.goto("/overview");
  await page.context().clearCookies();
  await expect(page).toHaveURL(/\/sign-in\?ended&next=%2Foverview$/);
  await expect(page.getByText("Your session has ended")).toBeVisible();
});

test("the theme is kept, and the server sends it with the page", async ({ consolePage: page }) => {
  await page.goto("/overview");
  await page.getByRole("button", { name: "Dark theme" }).click();
  await expect(page.locator("html[data-theme=dark]")).toHaveCount(1);
  const html = await (await page.request.get("/overview")).text();
  expect(html).toContain('data-theme="dark"');
  await page.getByRole("button", { name: "System theme" }).click();
  await expect(page.locator("html[data-theme]")).toHaveCount(0);
});

test("an unknown address has a page of its own", async ({ page }) => {
  const response = await page.goto("/no-such-page");
  expect(response?.status()).toBe(404);
  await expect(page.getByRole("heading", { name: "Page not found" })).toBeVisible();
});
