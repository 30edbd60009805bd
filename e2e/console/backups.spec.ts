import { expect, test } from "../support/fixtures.ts";

test("a backup is made, and what restoring it would do is shown with the command that does it", async ({
  consolePage: page,
}) => {
  test.setTimeout(90_000);
  await page.goto("/backups");
  await page.getByRole("button", { name: "Create backup" }).first().click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Create backup" }).click();
  await expect(page.getByText("Backup requested")).toBeVisible();
  await expect(page.getByRole("list", { name: "Backup work" })).toContainText("Done", { timeout: 60_000 });
  const archive = page.getByRole("region", { name: "Backups", exact: true }).getByRole("row").nth(1);
  await expect(archive).toContainText("Encrypted");
  await archive.getByRole("button", { name: /^Restore/ }).click();
  const sheet = page.getByRole("dialog", { name: "Restore backup" });
  await sheet.getByRole("button", { name: "Show what a restore would do" }).click();
  await expect(sheet.getByRole("region", { name: "Plan of the restore" })).toContainText("openclaw.json5", {
    timeout: 60_000,
  });
  await expect(sheet.getByText(/openclaw security restore-backup .*--dry-run/)).toBeVisible();
});
