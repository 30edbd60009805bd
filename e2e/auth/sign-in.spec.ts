import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, test } from "../support/fixtures.ts";
import { newMember, unusedCode, type E2eMember } from "../support/members.ts";

/** Members of these tests: made once each, by a client of their own. */
async function aMember(playwright: { request: { newContext(): Promise<Request> } }): Promise<E2eMember> {
  const request = await playwright.request.newContext();
  const member = await newMember(request);
  await request.dispose();
  return member;
}
type Request = Parameters<typeof newMember>[0];

async function givePassword(page: Page, { email, password }: { email: string; password: string }): Promise<void> {
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

test("AUTH-10 password, then the code of the app, then the page that was asked for", async ({ page, playwright }) => {
  const member = await aMember(playwright);
  await page.goto("/members?state=active");
  await expect(page).toHaveURL(/\/sign-in\?next=%2Fmembers%3Fstate%3Dactive$/);
  await givePassword(page, member);
  const code = page.getByLabel("6-digit code");
  await expect(code).toBeFocused();
  await expect(code).toHaveAttribute("autocomplete", "one-time-code");
  await code.fill("000000");
  await expect(page.getByRole("alert").filter({ hasText: "This code is not valid" })).toBeVisible();
  await expect(code).toHaveValue("");
  // As authenticators show it, with a blank in the middle.
  const next = await unusedCode(member.secret);
  await code.fill(`${next.slice(0, 3)} ${next.slice(3)}`);
  await expect(page.getByRole("heading", { level: 1, name: "Members" })).toBeVisible();
  await expect(page).toHaveURL(/\/members\?state=active$/);
});

test("a recovery code signs in once", async ({ page, playwright, browser, baseURL }) => {
  const member = await aMember(playwright);
  const code = member.recoveryCodes[0] ?? "";
  await page.goto("/sign-in");
  await givePassword(page, member);
  await page.getByRole("button", { name: "Use a recovery code" }).click();
  await page.getByLabel("Recovery code").fill(code.toLowerCase());
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();

  const context = await browser.newContext({ baseURL });
  const other = await context.newPage();
  await other.goto("/sign-in");
  await givePassword(other, member);
  await other.getByRole("button", { name: "Use a recovery code" }).click();
  await other.getByLabel("Recovery code").fill(code);
  await other.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(other.getByRole("alert").filter({ hasText: "not valid" })).toBeVisible();
  await context.close();
});

test("an unknown address and a wrong password are answered alike", async ({ page, playwright }) => {
  const { email } = await aMember(playwright);
  for (const who of [email, "nobody@example.com"]) {
    await page.goto("/sign-in");
    await givePassword(page, { email: who, password: "wrong wrong wrong" });
    await expect(page.getByRole("alert").filter({ hasText: "E-mail or password is wrong" })).toBeVisible();
  }
});

test("a wait is counted down, and the button works again after it", async ({ page }) => {
  await page.clock.install();
  await page.route("**/api/auth/callback/password", (route) =>
    route.fulfill({ json: { url: new URL("/sign-in?error=TooManyAttempts:65", page.url()).href } }),
  );
  await page.goto("/sign-in");
  await givePassword(page, { email: "ada@example.com", password: "whatever it is" });
  const button = page.getByRole("button", { name: "Sign in", exact: true });
  await expect(page.getByRole("alert").filter({ hasText: "in 1 min 05 s" })).toBeVisible();
  await expect(button).toBeDisabled();
  await page.clock.runFor(30_000);
  await expect(page.getByRole("alert").filter({ hasText: "in 35 s" })).toBeVisible();
  await page.clock.runFor(36_000);
  await expect(button).toBeEnabled();
});

for (const next of ["//evil.example", "https://evil.example/", "/\\evil.example", "/.//evil.example"]) {
  test(`a sign-in never leads elsewhere: ${next}`, async ({ consolePage: page }) => {
    await page.goto(`/sign-in?next=${encodeURIComponent(next)}`);
    await expect(page).toHaveURL(/^http:\/\/127\.0\.0\.1:\d+\/overview$/);
  });
}

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(`in the ${colorScheme} theme`, () => {
    test.use({ colorScheme, viewport: { width: 320, height: 640 } });

    test("sign-in and set-up have no accessibility violations, refusals included, at 320 pixels", async ({ page }) => {
      const check = async () => {
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect(violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html}`))).toEqual([]);
        expect(
          await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
        ).toBeLessThanOrEqual(0);
      };
      await page.goto("/sign-in");
      await check();
      await givePassword(page, { email: "nobody@example.com", password: "wrong wrong wrong" });
      await expect(page.getByRole("alert").filter({ hasText: "is wrong" })).toBeVisible();
      await check();
      await page.goto("/setup");
      await check();
      await page.getByLabel("Link or set-up code").fill("wrong");
      await page.getByRole("button", { name: "Continue" }).click();
      await expect(page.getByRole("alert").filter({ hasText: "not valid" })).toBeVisible();
      await check();
    });
  });
}
