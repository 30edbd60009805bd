import { changeMember } from "../support/cli.ts";
import { expect, signIn, test } from "../support/fixtures.ts";

test("signing out ends the session itself: its cookie opens nothing any more", async ({
  page,
  context,
  playwright,
  baseURL,
}) => {
  await signIn(page);
  const cookies = (await context.cookies()).filter((cookie) => cookie.name !== "openclaw-theme");
  expect(cookies.length).toBeGreaterThan(0);
  expect(cookies.every((cookie) => cookie.httpOnly && cookie.sameSite === "Strict")).toBe(true);
  const kept = await playwright.request.newContext({
    baseURL,
    extraHTTPHeaders: { cookie: cookies.map(({ name, value }) => `${name}=${value}`).join("; ") },
  });
  expect((await kept.get("/api/trpc/overview.status")).status()).toBe(200);
  await page.getByRole("button", { name: /^Account menu/ }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page).toHaveURL(/\/sign-in$/);
  expect((await kept.get("/api/trpc/overview.status")).status()).toBe(401);
  expect((await kept.get("/overview", { maxRedirects: 0 })).status()).toBe(307);
  expect(await (await kept.get("/api/auth/session")).json()).toEqual({});
  await kept.dispose();
});

test("AUTH-10 a member who is disabled is out with the next call", async ({ page }) => {
  const { email } = await signIn(page);
  expect((await page.request.get("/api/trpc/overview.status")).status()).toBe(200);
  await changeMember("disable", email);
  expect((await page.request.get("/api/trpc/overview.status")).status()).toBe(401);
});
