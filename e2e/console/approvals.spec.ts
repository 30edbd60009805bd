import { newToken, openclaw } from "../support/cli.ts";
import { expect, signIn, test } from "../support/fixtures.ts";
import { totpCode } from "../support/members.ts";

test("CVE-2026-28363 a run waits until its very bytes are approved, and what deceives the eye is made visible", async ({
  consolePage: page,
  playwright,
  baseURL,
}) => {
  await openclaw("config", "set", "security.sandboxing.profiles", '{ careful: { approval: "required" } }');
  await openclaw("config", "set", "security.sandboxing.roles", '{ admin: ["default", "careful"] }');
  const token = await newToken();
  const api = await playwright.request.newContext({ baseURL, extraHTTPHeaders: { authorization: `Bearer ${token}` } });
  const ask = async (code: string): Promise<void> => {
    const answer = await api.post("/api/v1/messages", {
      data: { channel: "api", user: "e2e-asker", profile: "careful", text: `/run sh\n${code}` },
    });
    expect(answer.status(), await answer.text()).toBe(202);
  };
  try {
    await ask("echo approved-\u202Eworks");
    await page.goto("/approvals");
    const waiting = page.getByRole("row").filter({ hasText: "Waits" });
    await expect(waiting).toContainText("e2e-asker");
    await waiting.getByRole("button").click();
    const sheet = page.getByRole("dialog");
    await expect(sheet).toContainText("One character");
    await expect(sheet.getByRole("group", { name: "Program" })).not.toContainText("\u202E");
    await sheet.getByRole("button", { name: "Approve run" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Approve run" }).click();
    await expect(page.getByText("The run is approved")).toBeVisible();
    const started = page.getByRole("row").filter({ hasText: "Started" });
    await started.getByRole("button").click();
    await sheet.getByRole("link", { name: "Open run" }).click();
    await expect(page.getByRole("log", { name: "Output of the run" })).toContainText("approved-");

    await ask("echo not this one");
    await page.goto("/approvals");
    await waiting.getByRole("button").click();
    await sheet.getByRole("button", { name: "Refuse" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Refuse run" }).click();
    await expect(page.getByRole("row").filter({ hasText: "Refused" })).toBeVisible();
  } finally {
    await api.dispose();
  }
});

test("APPROVAL-2 a member named in a user's record cannot approve that user's run, nor take their name out of it", async ({
  page,
  playwright,
  baseURL,
}) => {
  await openclaw("config", "set", "security.sandboxing.profiles", '{ careful: { approval: "required" } }');
  await openclaw("config", "set", "security.sandboxing.roles", '{ admin: ["default", "careful"] }');
  await openclaw("access", "users", "set", "e2e-self", "--role", "admin");
  const token = await newToken();
  const api = await playwright.request.newContext({ baseURL, extraHTTPHeaders: { authorization: `Bearer ${token}` } });
  try {
    const { email } = await signIn(page);
    await page.goto("/users?open=e2e-self");
    const sheet = page.getByRole("dialog");
    const named = sheet.getByLabel("Console member", { exact: true });
    await named.fill("nobody-of-that-name@example.com");
    await sheet.getByRole("button", { name: "Save user" }).click();
    await expect(sheet).toContainText("no console member has the id or e-mail address");
    await named.fill(email);
    await sheet.getByRole("button", { name: "Save user" }).click();
    await expect(page.getByText("User e2e-self saved")).toBeVisible();
    await page.goto("/users?open=e2e-self");
    await expect(named).toHaveValue(/^mem_/);

    const answer = await api.post("/api/v1/messages", {
      data: { channel: "api", user: "e2e-self", profile: "careful", text: "/run sh\necho mine" },
    });
    expect(answer.status(), await answer.text()).toBe(202);
    await page.goto("/approvals");
    const waiting = page.getByRole("row").filter({ hasText: "Waits" }).filter({ hasText: "e2e-self" });
    await waiting.getByRole("button").click();
    await sheet.getByRole("button", { name: "Approve run" }).click();
    const confirm = page.getByRole("alertdialog");
    await confirm.getByRole("button", { name: "Approve run" }).click();
    await expect(confirm).toContainText("who asked is the same console member as you");

    await page.goto("/users?open=e2e-self");
    await named.fill("");
    await sheet.getByRole("button", { name: "Save user" }).click();
    await expect(sheet).toContainText('"e2e-self" is you');

    await page.goto("/approvals");
    await waiting.getByRole("button").click();
    await sheet.getByRole("button", { name: "Refuse" }).click();
    await confirm.getByRole("button", { name: "Refuse run" }).click();
    await expect(page.getByText("The run is refused")).toBeVisible();
  } finally {
    await api.dispose();
    await openclaw("access", "users", "delete", "e2e-self");
  }
});

test("a user gets an authenticator for chats, shown once, and loses it again", async ({ consolePage: page }) => {
  await openclaw("access", "users", "set", "e2e-factor", "--role", "user");
  await page.goto("/users?open=e2e-factor");
  const factor = page.getByRole("region", { name: "Authenticator for chats" });
  await expect(factor).toContainText("None");
  await factor.getByRole("button", { name: "Enrol authenticator" }).click();
  const secret = await factor.getByRole("group", { name: "Key" }).innerText();
  await factor.getByLabel("6-digit code").fill(totpCode(secret));
  await expect(page.getByText("e2e-factor can confirm commands now")).toBeVisible();
  await expect(factor).toContainText("Enrolled");
  expect(await page.content()).not.toContain(secret);
  await factor.getByRole("button", { name: "Remove authenticator" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Remove authenticator" }).click();
  await expect(factor).toContainText("None");
  await openclaw("access", "users", "delete", "e2e-factor");
});
