/** Every screen of the console, found where Next finds them: one that is added is tested without anybody remembering to. */
import { readdirSync } from "node:fs";
import type { Page } from "@playwright/test";
import { expect } from "./fixtures.ts";

const FOLDER = "app/(console)";

/** Addresses of all screens that need no id. */
export const SCREENS: readonly string[] = readdirSync(FOLDER, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith("/page.tsx") && !file.includes("["))
  .map((file) => `/${file.slice(0, -"/page.tsx".length)}`)
  .sort();

/** Opens a screen and waits until its data is there. */
export async function openScreen(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await expect(page.locator("main [data-slot=skeleton]")).toHaveCount(0);
}
