import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { quarantineFile } from "../support/cli.ts";
import { expect, test } from "../support/fixtures.ts";

/** An executable under another name: critical. */
const CONTENT = Buffer.concat([
  Buffer.from("\x7fELF\x02\x01\x01"),
  Buffer.alloc(200),
  Buffer.from("canary-in-quarantine"),
]);

let folder: string;

test.beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "openclaw-quarantine-"));
});
test.afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function takeIn(name: string): Promise<string> {
  const file = join(folder, name);
  writeFileSync(file, CONTENT);
  return quarantineFile(file);
}

async function openFile(page: Page, name: string): Promise<void> {
  await page.goto("/quarantine");
  await page.getByRole("button", { name, exact: true }).click();
  await expect(page.getByRole("dialog", { name })).toBeVisible();
}

test("FS-5 a file says what was found and where it came from, and nothing of it is shown", async ({
  consolePage: page,
}) => {
  const id = await takeIn("report-facts.txt");
  await openFile(page, "report-facts.txt");
  const sheet = page.getByRole("dialog", { name: "report-facts.txt" });
  await expect(sheet.getByRole("list", { name: "Findings" })).toContainText("Critical");
  await expect(sheet).toContainText(id);
  await expect(sheet).toContainText(join(folder, "report-facts.txt"));
  await expect(page.getByText("canary-in-quarantine")).toHaveCount(0);
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL(/\/quarantine$/);
});

test("FS-5 a file is restored to a folder after its id was typed", async ({ consolePage: page }) => {
  const id = await takeIn("report-back.txt");
  await openFile(page, "report-back.txt");
  await page.getByRole("button", { name: "Restore file" }).click();
  const dialog = page.getByRole("alertdialog");
  await dialog.getByLabel("Folder").fill(folder);
  const confirm = dialog.getByRole("button", { name: "Restore file" });
  await expect(confirm).toBeDisabled();
  await dialog.getByLabel(`Type ${id} to confirm`).fill(id);
  await confirm.click();
  await expect(page.getByText(`Restored to ${join(folder, "report-back.txt")}`)).toBeVisible();
  expect(readFileSync(join(folder, "report-back.txt"))).toEqual(CONTENT);
  await expect(page.getByRole("dialog", { name: "report-back.txt" })).toContainText("Restored");
});

test("FS-1 a folder that the policy denies is refused by name, and nothing is written", async ({
  consolePage: page,
}) => {
  const id = await takeIn("report-refused.txt");
  await openFile(page, "report-refused.txt");
  await page.getByRole("button", { name: "Restore file" }).click();
  const dialog = page.getByRole("alertdialog");
  await dialog.getByLabel("Folder").fill("/etc");
  await dialog.getByLabel(`Type ${id} to confirm`).fill(id);
  await dialog.getByRole("button", { name: "Restore file" }).click();
  await expect(dialog.getByRole("alert")).toContainText("security.fileSystem.deniedPaths");
});

test("FS-5 a file is deleted after its id was typed; the row about it stays", async ({ consolePage: page }) => {
  const id = await takeIn("report-gone.txt");
  await openFile(page, "report-gone.txt");
  await page.getByRole("button", { name: "Delete content" }).click();
  const dialog = page.getByRole("alertdialog");
  await dialog.getByLabel(`Type ${id} to confirm`).fill(id);
  await dialog.getByRole("button", { name: "Delete content" }).click();
  await expect(page.getByRole("dialog", { name: "report-gone.txt" })).toContainText("Deleted");
  await page.goto("/quarantine");
  await expect(page.getByRole("button", { name: "report-gone.txt" })).toHaveCount(0);
  await page.getByLabel("Show").selectOption("deleted");
  await expect(page.getByRole("row").filter({ hasText: "report-gone.txt" })).toContainText("Deleted");
});
