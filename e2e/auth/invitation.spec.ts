import { randomBytes } from "node:crypto";
import type { Page } from "@playwright/test";
import { newInvitation } from "../support/cli.ts";
import { expect, signIn, test } from "../support/fixtures.ts";
import { PASSWORD, totpCode } from "../support/members.ts";

const newEmail = (): string => `e2e-${randomBytes(6).toString("hex")}@example.com`;

async function createAccount(page: Page): Promise<void> {
  await page.getByLabel("Your name").fill("Grace Hopper");
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Create account" }).click();
}

test("AUTH-10 from the link to the overview: account, authenticator app, recovery codes", async ({ page }) => {
  const requests: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  const email = newEmail();
  const link = await newInvitation(email, "admin");
  const code = link.split("#")[1] ?? "";
  expect(code).toHaveLength(43);

  await page.goto(link);
  await expect(page.getByRole("heading", { name: "Accept the invitation" })).toBeVisible();
  expect(page.url()).not.toContain("#");
  await expect(page.getByLabel("E-mail")).toHaveValue(email);
  await expect(page.getByLabel("E-mail")).toHaveAttribute("readonly", "");

  await page.getByLabel("Your name").fill("Grace Hopper");
  await page.getByLabel("Password", { exact: true }).fill("too short");
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByText("Too short: use at least 12 characters.")).toBeVisible();
  await page.getByLabel("Password", { exact: true }).fill("password1234");
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByText("one that is tried first")).toBeVisible();
  await createAccount(page);

  await expect(page.getByRole("heading", { name: "Set up a second factor" })).toBeVisible();
  await expect(page).toHaveURL(/\/enrol$/);
  await page.getByRole("button", { name: "Set up authenticator app" }).click();
  await page.getByLabel("Your password").fill("not the password");
  await page.getByLabel("Your password").press("Enter");
  await expect(page.getByLabel("Your password")).toHaveAttribute("aria-invalid", "true");
  await page.getByLabel("Your password").fill(PASSWORD);
  await page.getByRole("button", { name: "Continue" }).click();
  await expect(page.getByRole("img", { name: /QR code/ })).toBeVisible();
  const secret = (await page.getByRole("group", { name: "Key" }).textContent()) ?? "";
  await page.getByLabel("6-digit code").fill(totpCode(secret));

  await expect(page.getByRole("heading", { name: "Save your recovery codes" })).toBeVisible();
  await expect(page.getByRole("list", { name: "Recovery codes" }).getByRole("listitem")).toHaveCount(10);
  await expect(page.getByRole("button", { name: "Finish" })).toBeDisabled();
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download .txt" }).click();
  expect((await download).suggestedFilename()).toBe("openclaw-recovery-codes.txt");
  await page.getByLabel("I saved these codes").check();
  await page.getByRole("button", { name: "Finish" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();

  expect(requests.filter((url) => url.includes(code))).toEqual([]);
  await page.goBack().catch(() => null);
  expect(page.url()).not.toContain(code);
});

test("without a second factor nothing but enrolling one is open", async ({ page }) => {
  await page.goto(await newInvitation(newEmail(), "admin"));
  await createAccount(page);
  await expect(page.getByRole("heading", { name: "Set up a second factor" })).toBeVisible();
  await page.goto("/members");
  await expect(page).toHaveURL(/\/enrol\?next=%2Fmembers$/);
  expect((await page.request.get("/api/trpc/overview.status")).status()).toBe(403);
});

test("a second use of the link is refused, with the way to a new one", async ({ page, browser }) => {
  const link = await newInvitation(newEmail(), "admin");
  const other = await browser.newContext();
  const first = await other.newPage();
  await first.goto(link);
  await createAccount(first);
  await expect(first).toHaveURL(/\/enrol$/);
  await other.close();

  await page.goto(link);
  await expect(page.getByRole("alert").filter({ hasText: "already used" })).toBeVisible();
  await expect(page.getByText("openclaw console link")).toBeVisible();
  expect(page.url()).not.toContain("#");
});

test("a link pasted into the field, or opened while the page is open, works too", async ({ page }) => {
  const email = newEmail();
  const link = await newInvitation(email, "admin");
  await page.goto("/setup");
  await page.getByLabel("Link or set-up code").fill(link);
  await page.getByRole("button", { name: "Continue" }).click();
  await expect(page.getByLabel("E-mail")).toHaveValue(email);

  await page.goto("/setup");
  await expect(page.getByRole("button", { name: "Continue" })).toBeEnabled();
  await page.evaluate((hash) => window.location.assign(hash), new URL(link).hash);
  await expect(page.getByLabel("E-mail")).toHaveValue(email);
});

test("the first administrator names the address", async ({ page }) => {
  await page.route("**/api/sign-in/invitation", (route) =>
    route.fulfill({ json: { email: null, name: null, role: "admin", firstAdmin: true, purpose: "member" } }),
  );
  await page.goto("/setup#a-code");
  await expect(page.getByRole("heading", { name: "Create the first administrator" })).toBeVisible();
  await expect(page.getByLabel("E-mail")).toBeEditable();
});

test("whoever is signed in already gets from the sign-in pages to the overview", async ({ page }) => {
  await signIn(page);
  for (const path of ["/setup", "/sign-in"]) {
    await page.goto(path);
    await expect(page).toHaveURL(/\/overview$/);
  }
});
