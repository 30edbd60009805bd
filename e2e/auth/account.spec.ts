import { randomBytes } from "node:crypto";
import { newInvitation } from "../support/cli.ts";
import { expect, signIn, test } from "../support/fixtures.ts";
import { PASSWORD } from "../support/members.ts";

test("AUTH-10 a passkey is the second factor, and signs in without password", async ({ page, context }) => {
  const devices = await context.newCDPSession(page);
  await devices.send("WebAuthn.enable");
  await devices.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  // Passkeys belong to a host name; an address of numbers has none.
  const link = await newInvitation(`e2e-${randomBytes(6).toString("hex")}@example.com`, "admin");
  await page.goto(link.replace("127.0.0.1", "localhost"));
  await page.getByLabel("Your name").fill("Key Holder");
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByRole("button", { name: "Set up passkey" }).click();
  await page.getByLabel("Name of the passkey").fill("Laptop");
  await page.getByRole("button", { name: "Create passkey" }).click();
  await page.getByLabel("I saved these codes").check();
  await page.getByRole("button", { name: "Finish" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();

  await page.getByRole("button", { name: /^Account menu/ }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();

  await page.goto(new URL("/account", page.url()).href);
  await page.getByRole("button", { name: "Rename Laptop" }).click();
  const dialog = page.getByRole("dialog", { name: "Rename passkey" });
  await dialog.getByLabel("Name").fill("Work laptop");
  await dialog.getByRole("button", { name: "Rename passkey" }).click();
  // The last factor of a role that needs one stays.
  await expect(page.getByRole("button", { name: "Remove Work laptop" })).toBeDisabled();
});

test("passkeys are not offered where the browser has none", async ({ page }) => {
  await page.goto("/sign-in");
  await expect(page.getByLabel("E-mail")).toBeVisible();
  await expect(page.getByRole("button", { name: "Sign in with a passkey" })).toHaveCount(0);
});

test("name and password are changed by their owner; a new password ends the other sessions", async ({
  page,
  browser,
  baseURL,
}) => {
  const member = await signIn(page);
  const elsewhere = await browser.newContext({ baseURL });
  const other = await elsewhere.newPage();
  await other.goto("/sign-in");
  await other.getByLabel("E-mail").fill(member.email);
  await other.getByLabel("Password", { exact: true }).fill(member.password);
  await other.getByLabel("Password", { exact: true }).press("Enter");
  await other.getByRole("button", { name: "Use a recovery code" }).click();
  await other.getByLabel("Recovery code").fill(member.recoveryCodes[0] ?? "");
  await other.getByLabel("Recovery code").press("Enter");
  await expect(other.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();

  await page.goto("/account");
  await page.getByLabel("Name", { exact: true }).fill("New Name");
  await page.getByRole("button", { name: "Change name" }).click();
  await expect(page.getByRole("button", { name: "Account menu of New Name" })).toBeVisible();
  const sessions = page.getByRole("region", { name: "Sessions", exact: true });
  await expect(sessions.getByText("Password and recovery code")).toBeVisible();

  await page.getByLabel("Current password").fill("not my password");
  await page.getByLabel("New password").fill("a different and long one");
  await page.getByRole("button", { name: "Change password" }).click();
  await expect(page.getByLabel("Current password")).toHaveAttribute("aria-invalid", "true");
  await page.getByLabel("Current password").fill(member.password);
  await page.getByRole("button", { name: "Change password" }).click();
  await expect(page.getByText("Password changed; your other sessions ended")).toBeVisible();
  await expect(sessions.getByText("This session")).toBeVisible();
  await expect(sessions.getByText("Password and recovery code")).toHaveCount(0);
  await expect(
    page.getByRole("region", { name: "Security activity" }).getByText("auth.password_changed"),
  ).toBeVisible();

  // The overview asks again by itself, is refused, and leads there.
  await expect(other).toHaveURL(/\/sign-in/);
  await elsewhere.close();
});

test("what is dangerous asks for a fresh proof, and is done once it is given", async ({ page }) => {
  const member = await signIn(page);
  await page.goto("/account");
  const facts = { code: "FORBIDDEN", httpStatus: 403, appCode: "STEP_UP_REQUIRED", requestId: "req_x" };
  const data = { ...facts, path: "account.regenerateRecoveryCodes", details: null, fieldErrors: null };
  // The session is younger than ten minutes, so the first answer is made up; the proof and the repeated call are real.
  await page.route(
    "**/api/trpc/account.regenerateRecoveryCodes*",
    (route) => route.fulfill({ status: 403, json: [{ error: { json: { message: "Confirm.", code: -32603, data } } }] }),
    { times: 1 },
  );
  await page.getByRole("button", { name: "Make new codes" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Make new codes" }).click();
  const proof = page.getByRole("dialog", { name: "Confirm that it is you" });
  await expect(proof.getByLabel("6-digit code")).toBeFocused();
  await proof.getByRole("button", { name: "Use a recovery code" }).click();
  await proof.getByLabel("Recovery code").fill("AAAA-AAAA-AAAA-AAAA-AAAA-AAAA");
  await proof.getByRole("button", { name: "Confirm" }).click();
  await expect(proof.getByRole("alert").filter({ hasText: "not right" })).toBeVisible();
  await proof.getByLabel("Recovery code").fill(member.recoveryCodes[1] ?? "");
  await proof.getByRole("button", { name: "Confirm" }).click();
  const codes = page.getByRole("dialog", { name: "Save your recovery codes" });
  await expect(codes.getByRole("listitem")).toHaveCount(10);
  await page.keyboard.press("Escape");
  await codes.getByLabel("I saved these codes").check();
  await codes.getByRole("button", { name: "Finish" }).click();
  await expect(page.getByText("Recovery codes replaced")).toBeVisible();
});

test("the end of a session is announced two minutes before, and can be put off without losing anything", async ({
  page,
}) => {
  await signIn(page);
  await page.goto("/account");
  await page.getByLabel("Current password").fill("half typed");
  await page.route("**/api/trpc/account.viewer*", async (route) => {
    const response = await route.fetch();
    const text = await response.text();
    const near = new Date(Date.now() + 90_000).toISOString();
    await route.fulfill({ response, body: text.replace(/"idleUntil":"[^"]+"/, `"idleUntil":"${near}"`) });
  });
  // Any change of the account reads it again.
  await page.getByLabel("Name", { exact: true }).fill("Somebody");
  await page.getByRole("button", { name: "Change name" }).click();
  const warning = page.getByRole("alert").filter({ hasText: "you are signed out" });
  await expect(warning).toBeVisible();
  // The page asks again by itself as soon as the end is near: that answer may be on its way.
  await page.unrouteAll({ behavior: "wait" });
  await warning.getByRole("button", { name: "Stay signed in" }).click();
  await expect(warning).toHaveCount(0);
  await expect(page.getByLabel("Current password")).toHaveValue("half typed");
});
