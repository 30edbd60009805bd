import { newToken } from "../support/cli.ts";
import { newMember } from "../support/members.ts";
import { expect, test } from "../support/fixtures.ts";

test("MON-1 a failed sign-in is counted, shown with where it came from, and leads to its event", async ({
  consolePage: page,
  newClient,
}) => {
  const client = await newClient();
  const refused = await client.get("/api/v1/whoami", { headers: { authorization: "Bearer ocg_monitoring_e2e" } });
  expect([401, 429]).toContain(refused.status());
  await page.goto("/monitoring?range=1h");
  const card = page.getByRole("button", { name: /Failed sign-ins/ });
  await expect(card).toHaveAttribute("aria-pressed", "true");
  const who = page.getByRole("region", { name: "Failed sign-ins by whom" });
  const address = who.getByRole("row").filter({ hasText: /Address (?:127\.0\.0\.1|::1)/ });
  await expect(async () => {
    await page.reload();
    await expect(address).toBeVisible({ timeout: 2_000 });
  }).toPass({ timeout: 30_000 });

  await address.getByRole("button", { name: /Address/ }).click();
  await expect(page).toHaveURL(/subject=address/);
  await expect(page.getByRole("heading", { name: /Failed sign-ins of Address/ })).toBeVisible();
  await page.getByRole("button", { name: "As a table" }).click();
  await expect(page).toHaveURL(/table=true/);
  const rows = page.getByRole("region", { name: "Failed sign-ins", exact: true }).getByRole("table").getByRole("row");
  await expect(rows.nth(1)).toBeVisible();
  await rows
    .nth(1)
    .getByRole("link", { name: /^Events: / })
    .click();
  await expect(page).toHaveURL(/\/audit\?q=kind%3Aauthentication_failure/);
  await expect(page.getByRole("main")).toContainText(/refused|rejected|failed/i);
});

test("MON-1 metrics, times and the keyboard: everything is in the address", async ({ consolePage: page }) => {
  await page.goto("/overview");
  await page.keyboard.press("g");
  await page.keyboard.press("w");
  await expect(page).toHaveURL(/\/monitoring/);
  await page.getByRole("button", { name: /^Server memory/ }).click();
  await expect(page).toHaveURL(/metric=memory_bytes/);
  await page.getByLabel("Time").selectOption("7d");
  await expect(page).toHaveURL(/range=7d/);
  await page.reload();
  await expect(page.getByRole("figure", { name: /Server memory per 4 hours/ })).toBeVisible();
  await page.goBack();
  await expect(page).not.toHaveURL(/range=7d/);
});

test("MON-1 without the permission the screen is not offered and its numbers are refused", async ({
  browser,
  baseURL,
}) => {
  const context = await browser.newContext({ baseURL });
  await newMember(context.request, "user");
  const page = await context.newPage();
  await page.goto("/monitoring");
  await expect(page.getByText("The measurements could not be read")).toBeVisible();
  await expect(page.getByRole("navigation").getByRole("link", { name: "Monitoring" })).toHaveCount(0);
  await expect(page.getByRole("button", { name: /Failed sign-ins/ })).toHaveCount(0);
  await context.close();
});

test("MON-1 a scraper with the permission gets the numbers, one without is refused", async ({ newClient }) => {
  const client = await newClient();
  const answer = await client.get("/metrics", { headers: { authorization: `Bearer ${await newToken()}` } });
  expect(answer.status()).toBe(200);
  expect(await answer.text()).toContain("openclaw_requests_total{");
  expect((await client.get("/metrics")).status()).toBe(401);
});
