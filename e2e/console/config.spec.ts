import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { E2E_HOME } from "../support/environment.ts";
import { expect, test } from "../support/fixtures.ts";

const FILE = join(E2E_HOME, "config", "openclaw.json5");

test.describe.configure({ mode: "serial" });

const editor = (page: Page) => page.getByRole("textbox", { name: "Configuration file" });

async function replaceText(page: Page, text: string): Promise<void> {
  await page.goto("/config");
  await editor(page).fill(text);
  await page.getByRole("button", { name: "Check changes" }).click();
}

async function apply(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Apply changes" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Apply changes" }).click();
  await expect(page.getByText("Configuration applied")).toBeVisible();
}

test("a bad edit says what is wrong at its line, and cannot be applied", async ({ consolePage: page }) => {
  await replaceText(page, "{\n  logging: {\n    level: 5,\n  },\n}\n");
  await expect(page.getByRole("list", { name: "Problems" })).toContainText("logging.level");
  await expect(page.getByRole("button", { name: "Apply changes" })).toBeDisabled();
  await page.getByRole("button", { name: "Line 3" }).click();
  await expect(editor(page)).toBeFocused();
});

test("an edit is compared, applied, taken up without a restart, and can be rolled back", async ({
  consolePage: page,
}) => {
  await replaceText(page, '{\n  // first\n  agents: {},\n  logging: { level: "info" },\n}\n');
  await apply(page);
  await replaceText(page, '{\n  // second\n  agents: {},\n  logging: { level: "debug" },\n}\n');
  await expect(page.getByRole("region", { name: "Lines that change" })).toContainText("// second");
  await expect(page.getByRole("row").filter({ hasText: "logging.level" })).toContainText('"debug"');
  await apply(page);
  expect(readFileSync(FILE, "utf8")).toContain("// second");

  await page.getByRole("tab", { name: "Settings in force" }).click();
  await page.getByRole("searchbox", { name: "Search settings" }).fill("logging.level");
  await expect(page.getByRole("row").filter({ hasText: "logging.level" }).first()).toContainText('"debug"');

  await page.getByRole("tab", { name: "History" }).click();
  await page.getByRole("row").filter({ hasText: "Older" }).first().getByRole("button").click();
  await page.getByRole("button", { name: "Roll back to this version" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Roll back" }).click();
  await expect(page.getByText("Older version brought back")).toBeVisible();
  expect(readFileSync(FILE, "utf8")).toContain("// first");
});

test("an edit of a file that somebody else has changed meanwhile is refused", async ({ consolePage: page }) => {
  await page.goto("/config");
  await editor(page).fill('{\n  // mine\n  logging: { level: "info" },\n}\n');
  writeFileSync(FILE, '{\n  // theirs\n  logging: { level: "info" },\n}\n');
  await expect(page.getByText("The file was changed by somebody else")).toBeVisible();
  await expect(page.getByRole("button", { name: "Apply changes" })).toBeDisabled();
  await page.getByRole("button", { name: "Load file anew" }).click();
  await expect(editor(page)).toHaveValue(/theirs/);
});

test("a link to a setting leads to its line", async ({ consolePage: page }) => {
  writeFileSync(FILE, '{\n  agents: {},\n  logging: { level: "info" },\n}\n');
  await page.goto("/config?path=logging.level");
  await expect(editor(page)).toBeFocused();
});
