import { newSetupLink } from "../support/cli.ts";
import { expect, signIn, test } from "../support/fixtures.ts";

test("the one-time link signs in, and its code is gone from address bar and history", async ({ page, context }) => {
  const requests: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  const link = await newSetupLink();
  const code = link.split("#")[1] ?? "";
  await page.goto(link);
  await expect(page).toHaveURL(/\/overview$/);
  await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();
  expect(code).toHaveLength(43);
  expect(requests.filter((url) => url.split("#")[0]?.includes(code))).toEqual([]);
  await page.goBack().catch(() => null);
  expect(page.url()).not.toContain(code);

  const cookies = (await context.cookies()).filter((cookie) => cookie.name !== "openclaw-theme");
  expect(cookies.length).toBeGreaterThan(0);
  expect(cookies.every((cookie) => cookie.httpOnly && cookie.sameSite === "Strict")).toBe(true);
});

test("a second use of the link is refused, with the way to a new one", async ({ page, browser }) => {
  const link = await newSetupLink();
  const first = await browser.newPage();
  await first.goto(link);
  await expect(first).toHaveURL(/\/overview$/);
  await page.goto(link);
  await expect(page.getByRole("alert").filter({ hasText: "already used" })).toBeVisible();
  await expect(page.getByText("openclaw console link")).toBeVisible();
  expect(page.url()).not.toContain("#");
  await page.goto("/overview");
  await expect(page).toHaveURL(/\/setup$/);
  await first.close();
});

test("a link pasted into the field, or opened while the page is open, works too", async ({ page, browser }) => {
  await page.goto("/setup");
  await page.getByLabel("Link or set-up code").fill(await newSetupLink());
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(/\/overview$/);

  const other = await browser.newPage();
  const link = await newSetupLink();
  await other.goto(new URL("/setup", link).href);
  await expect(other.getByRole("button", { name: "Sign in" })).toBeEnabled();
  await other.evaluate((hash) => window.location.assign(hash), new URL(link).hash);
  await expect(other).toHaveURL(/\/overview$/);
  await other.close();
});

test("whoever is signed in already gets from the sign-in page to the overview", async ({ consolePage }) => {
  await consolePage.goto("/setup");
  await expect(consolePage).toHaveURL(/\/overview$/);
});

test("signing out ends the session itself: its cookie opens nothing any more", async ({
  page,
  context,
  playwright,
  baseURL,
}) => {
  await signIn(page);
  const cookies = await context.cookies();
  const kept = await playwright.request.newContext({
    baseURL,
    extraHTTPHeaders: { cookie: cookies.map(({ name, value }) => `${name}=${value}`).join("; ") },
  });
  expect((await kept.get("/api/trpc/overview.status")).status()).toBe(200);
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL(/\/setup$/);
  expect((await kept.get("/api/trpc/overview.status")).status()).toBe(401);
  expect((await kept.get("/overview", { maxRedirects: 0 })).status()).toBe(307);
  expect(await (await kept.get("/api/auth/session")).json()).toEqual({});
  await kept.dispose();
});
