import { expect, test } from "../support/fixtures.ts";

test("AUTHZ-3 a channel's conflicts are told while it is edited, its rules are tried out and deleted", async ({
  consolePage: page,
}) => {
  await page.goto("/channels");
  await page.getByRole("button", { name: "New channel rules" }).first().click();
  const sheet = page.getByRole("dialog");
  await sheet.getByLabel("Channel", { exact: true }).fill("e2e-chat");
  const hints = sheet.getByRole("status", { name: "Hints" });
  await expect(hints).toContainText("Nobody is let in");
  await sheet.getByLabel("Allowed users").fill("ana");
  await page.keyboard.press("Enter");
  await sheet.getByLabel("Blocked users").fill("ana");
  await page.keyboard.press("Enter");
  await expect(hints).toContainText("The block wins");
  await sheet.getByLabel("Allowed roles").fill("admin");
  await page.keyboard.press("Enter");
  await sheet.getByRole("button", { name: "Save channel rules" }).click();
  await expect(page.getByText("Rules of channel e2e-chat saved")).toBeVisible();
  const row = page.getByRole("row").filter({ hasText: "e2e-chat" });
  await expect(row).toContainText("1 conflict");

  await row.getByRole("button").click();
  const trial = sheet.getByRole("region", { name: "Test access" });
  await trial.getByLabel("User").fill("ana");
  await trial.getByRole("button", { name: "Test", exact: true }).click();
  await expect(trial.getByText("Denied", { exact: true })).toBeVisible();
  await expect(trial).toContainText('User "ana" is blocked on channel "e2e-chat"');

  await sheet.getByRole("button", { name: "Delete channel rules" }).click();
  const confirm = page.getByRole("alertdialog");
  await expect(confirm).toContainText("1 blocked user is let in again");
  await confirm.getByLabel("Type e2e-chat to confirm").fill("e2e-chat");
  await confirm.getByRole("button", { name: "Delete channel rules" }).click();
  await expect(page.getByText("Rules of channel e2e-chat deleted")).toBeVisible();
});
