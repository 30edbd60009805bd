import { expect, test } from "../support/fixtures.ts";

test("the menu leads to every screen and marks the one that is open", async ({ consolePage: page }) => {
  await page.goto("/overview");
  const menu = page.getByRole("navigation", { name: "Console" });
  await expect(menu.getByRole("link", { name: "Overview" })).toHaveAttribute("aria-current", "page");
  for (const name of ["Audit log", "Runs", "Tokens", "Roles", "Users", "Channels", "Configuration", "Backups"]) {
    await expect(menu.getByRole("link", { name, exact: true })).not.toHaveAttribute("aria-current");
  }
});

test("the menu is in the first answer, before any script", async ({ consolePage: page }) => {
  await page.route("**/*.js", (route) => route.abort());
  await page.goto("/overview", { waitUntil: "commit" });
  await expect(page.getByRole("navigation", { name: "Console" }).getByRole("link", { name: "Tokens" })).toBeVisible();
});

test("the narrowed menu keeps its names for screen readers and stays narrow", async ({ consolePage: page }) => {
  await page.goto("/overview");
  await page.getByRole("button", { name: "Narrow the menu" }).click();
  await page.reload();
  await expect(page.getByRole("button", { name: "Widen the menu" })).toBeVisible();
  await expect(page.getByRole("navigation", { name: "Console" }).getByRole("link", { name: "Tokens" })).toBeVisible();
  await page.getByRole("button", { name: "Widen the menu" }).click();
});

test("on small screens the menu is a panel that Esc closes, giving the focus back", async ({ consolePage: page }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  await page.goto("/overview");
  await page.getByRole("button", { name: "Open menu" }).click();
  const panel = page.getByRole("dialog");
  await expect(panel.getByRole("link", { name: "Overview" })).toHaveAttribute("aria-current", "page");
  await page.keyboard.press("Escape");
  await expect(panel).toBeHidden();
  await expect(page.getByRole("button", { name: "Open menu" })).toBeFocused();
});

test("the palette opens by Ctrl+K, finds screens, actions and ids, and Enter goes there", async ({
  consolePage: page,
}) => {
  await page.goto("/overview");
  await page.keyboard.press("Control+k");
  const search = page.getByRole("combobox");
  await expect(search).toBeFocused();
  await search.fill("run_0123456789");
  await expect(page.getByRole("option", { name: "Open run run_0123456789" })).toBeVisible();
  await search.fill("create tok");
  await expect(page.getByRole("option", { name: "Create token" })).toBeVisible();
  await search.fill("overv");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog")).toBeHidden();
  await expect(page).toHaveURL(/\/overview$/);
});

test("single keys help from anywhere, never while typing, and can be switched off", async ({ consolePage: page }) => {
  await page.goto("/overview");
  await page.keyboard.press("?");
  const help = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await expect(help).toBeVisible();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").fill("?");
  await expect(help).toBeHidden();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();

  await page.keyboard.press("?");
  await help.getByRole("switch", { name: "Single-key shortcuts" }).click();
  await page.keyboard.press("Escape");
  await expect(help).toBeHidden();
  await page.reload();
  await page.keyboard.press("?");
  await page.keyboard.press("Control+k");
  await expect(page.getByRole("combobox")).toBeVisible();
  await expect(help).toBeHidden();
  await page.getByRole("combobox").fill("keyboard");
  await page.keyboard.press("Enter");
  await help.getByRole("switch", { name: "Single-key shortcuts" }).click();
  await expect(help.getByRole("switch", { name: "Single-key shortcuts" })).toBeChecked();
});

test("g and a letter go to a screen", async ({ consolePage: page }) => {
  await page.goto("/overview");
  await page.keyboard.press("g");
  await page.keyboard.press("t");
  await expect(page).toHaveURL(/\/tokens$/);
});
