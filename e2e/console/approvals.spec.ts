import { newToken, openclaw } from "../support/cli.ts";
import { expect, test } from "../support/fixtures.ts";
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
