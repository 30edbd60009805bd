import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, test } from "../support/fixtures.ts";

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

async function violations(page: Page): Promise<string[]> {
  const result = await new AxeBuilder({ page }).withTags(TAGS).analyze();
  return result.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html}`));
}

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(`in the ${colorScheme} theme`, () => {
    test.use({ colorScheme });

    test("sign-in has no violations, refusal included", async ({ page }) => {
      await page.goto("/setup");
      expect(await violations(page)).toEqual([]);
      await page.getByLabel("Link or set-up code").fill("wrong");
      await page.getByRole("button", { name: "Sign in" }).click();
      await expect(page.getByRole("alert").filter({ hasText: "not valid" })).toBeVisible();
      expect(await violations(page)).toEqual([]);
    });

    test("overview has no violations, failure included", async ({ consolePage: page }) => {
      await page.goto("/overview");
      await expect(page.getByRole("region", { name: "Database", exact: true })).toContainText("Online");
      expect(await violations(page)).toEqual([]);
      await page.route("**/api/trpc/**", (route) => route.abort());
      await expect(page.getByRole("button", { name: "Try again" })).toBeVisible();
      expect(await violations(page)).toEqual([]);
    });

    test("the not-found page has no violations", async ({ page }) => {
      await page.goto("/no-such-page");
      expect(await violations(page)).toEqual([]);
    });
  });
}

test("the keyboard reaches the content first, then everything, with a visible focus", async ({ consolePage: page }) => {
  await page.goto("/overview");
  await page.keyboard.press("Tab");
  const skip = page.getByRole("link", { name: "Skip to content" });
  await expect(skip).toBeFocused();
  await expect(skip).toBeInViewport();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("main")).toBeFocused();
  await page.reload();
  const reached = new Set<string>();
  for (let step = 0; step < 24; step += 1) {
    await page.keyboard.press("Tab");
    reached.add(
      await page.evaluate(
        () => document.activeElement?.textContent || document.activeElement?.getAttribute("aria-label") || "",
      ),
    );
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement ?? document.body).outlineStyle);
    expect(outline).not.toBe("none");
  }
  for (const name of ["Overview", "System theme", "Light theme", "Dark theme", "Sign out"]) {
    expect(reached).toContain(name);
  }
});

test("at 320 pixels the page itself never scrolls sideways", async ({ consolePage: page }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  await page.goto("/overview");
  await expect(page.getByRole("region", { name: "Database", exact: true })).toBeVisible();
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(overflow).toBeLessThanOrEqual(0);
});
