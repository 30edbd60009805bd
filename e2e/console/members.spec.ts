import { randomBytes } from "node:crypto";
import { expect, signIn, test } from "../support/fixtures.ts";
import { PASSWORD, totpCode } from "../support/members.ts";

test("AUTH-10 invite, accept elsewhere, see only what the role may, be disabled, be out at the next click", async ({
  page,
  browser,
  baseURL,
}) => {
  await signIn(page);
  const email = `e2e-${randomBytes(6).toString("hex")}@example.com`;
  await page.goto("/members");
  await page.getByRole("button", { name: "Invite member" }).click();
  const sheet = page.getByRole("dialog", { name: "Invite member" });
  await sheet.getByLabel("E-mail").fill(email);
  await sheet.getByLabel("Role").selectOption("readonly");
  await sheet.getByRole("button", { name: "Make invitation" }).click();
  const once = page.getByRole("dialog", { name: `Invitation for ${email}` });
  const link = (await once.getByRole("group").textContent()) ?? "";
  await page.keyboard.press("Escape");
  await expect(once).toBeVisible();
  await once.getByRole("checkbox").check();
  await once.getByRole("button", { name: "Done" }).click();
  await expect(page.getByRole("table").filter({ hasText: email })).toBeVisible();
  expect(page.url()).not.toContain(link.split("#")[1] ?? "");

  const context = await browser.newContext({ baseURL });
  const theirs = await context.newPage();
  await theirs.goto(link);
  await theirs.getByLabel("Your name").fill("Invited Person");
  await theirs.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await theirs.getByRole("button", { name: "Create account" }).click();
  await theirs.getByRole("button", { name: "Set up authenticator app" }).click();
  await theirs.getByLabel("Your password").fill(PASSWORD);
  await theirs.getByRole("button", { name: "Continue" }).click();
  const secret = (await theirs.getByRole("group", { name: "Key" }).textContent()) ?? "";
  await theirs.getByLabel("6-digit code").fill(totpCode(secret));
  await theirs.getByLabel("I saved these codes").check();
  await theirs.getByRole("button", { name: "Finish" }).click();
  await theirs.goto("/account");
  await expect(theirs.getByRole("heading", { level: 1, name: "Account" })).toBeVisible();
  await expect(theirs.getByRole("link", { name: "Members", exact: true })).toHaveCount(0);
  expect((await theirs.request.get("/api/trpc/members.list?input=%7B%22json%22%3A%7B%7D%7D")).status()).toBe(403);

  await page.goto(`/members?q=${encodeURIComponent(email)}`);
  await page.getByRole("button", { name: "Invited Person" }).click();
  const panel = page.getByRole("dialog", { name: "Invited Person" });
  await expect(panel.getByRole("button", { name: /^End session of/ })).toBeVisible();
  await panel.getByRole("button", { name: "Disable member" }).click();
  const question = page.getByRole("alertdialog");
  await expect(question).toContainText("open session ends with the next click");
  await question.getByRole("button", { name: "Disable member" }).click();
  await expect(panel.getByText("Disabled")).toBeVisible();

  await theirs.reload();
  await expect(theirs).toHaveURL(/\/sign-in/);
  await context.close();

  await page.keyboard.press("Escape");
  await page.getByLabel("State").selectOption("active");
  await expect(page.getByText("No members match the filters")).toBeVisible();
  await page.getByRole("button", { name: "Clear filters" }).click();
  await expect(page.getByRole("button", { name: "Invited Person" }).first()).toBeVisible();
});

test("an invitation can be revoked, and its link is dead then", async ({ consolePage: page, browser, baseURL }) => {
  const email = `e2e-${randomBytes(6).toString("hex")}@example.com`;
  await page.goto("/members?new");
  const sheet = page.getByRole("dialog", { name: "Invite member" });
  await sheet.getByLabel("E-mail").fill(email);
  await sheet.getByLabel("Role").selectOption("user");
  await sheet.getByRole("button", { name: "Make invitation" }).click();
  const once = page.getByRole("dialog", { name: `Invitation for ${email}` });
  const link = (await once.getByRole("group").textContent()) ?? "";
  await once.getByRole("checkbox").check();
  await once.getByRole("button", { name: "Done" }).click();
  await page.getByRole("button", { name: `Revoke invitation of ${email}` }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Revoke invitation" }).click();
  await expect(page.getByRole("button", { name: `Revoke invitation of ${email}` })).toHaveCount(0);

  const context = await browser.newContext({ baseURL });
  const theirs = await context.newPage();
  await theirs.goto(link);
  await expect(theirs.getByRole("alert").filter({ hasText: "not valid" })).toBeVisible();
  await context.close();
});
