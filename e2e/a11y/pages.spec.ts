import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, test } from "../support/fixtures.ts";
import { openScreen, SCREENS } from "../support/screens.ts";

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** Panels and questions, and the button on their screen that opens them. */
const PANELS: readonly (readonly [path: string, opener: string])[] = [
  ["/tokens", "Create token"],
  ["/users", "New user"],
  ["/channels", "New channel rules"],
  ["/members", "Invite member"],
  ["/backups", "Create backup"],
  ["/platforms", "Connect platform"],
  ["/alerts?tab=rules", "New rule"],
  ["/alerts?tab=points", "New contact point"],
  ["/alerts?tab=silences", "New silence"],
];

async function violations(page: Page): Promise<string[]> {
  const result = await new AxeBuilder({ page }).withTags(TAGS).analyze();
  return result.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html}`));
}

const overflowOf = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

test("there are screens to walk", () => {
  expect(SCREENS).toContain("/overview");
});

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(`in the ${colorScheme} theme`, () => {
    test.use({ colorScheme });

    for (const path of SCREENS) {
      test(`${path} has no violations`, async ({ consolePage: page }) => {
        await openScreen(page, path);
        expect(await violations(page)).toEqual([]);
      });
    }

    for (const path of ["/sign-in", "/sign-in?ended", "/setup"]) {
      test(`${path} has no violations`, async ({ page }) => {
        await page.goto(path);
        await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
        expect(await violations(page)).toEqual([]);
      });
    }

    test("overview has no violations when it cannot be refreshed", async ({ consolePage: page }) => {
      await openScreen(page, "/overview");
      await page.route("**/api/trpc/**", (route) => route.abort());
      await expect(page.getByRole("button", { name: "Try again" })).toBeVisible();
      expect(await violations(page)).toEqual([]);
    });

    test("the palette has no violations", async ({ consolePage: page }) => {
      await openScreen(page, "/overview");
      await page.keyboard.press("Control+k");
      await expect(page.getByRole("combobox")).toBeFocused();
      expect(await violations(page)).toEqual([]);
    });

    for (const [path, opener] of PANELS) {
      test(`${path}, its panel "${opener}" has no violations`, async ({ consolePage: page }) => {
        await openScreen(page, path);
        await page.getByRole("button", { name: opener, exact: true }).first().click();
        const panel = page.getByRole("dialog").or(page.getByRole("alertdialog"));
        await expect(panel).toBeVisible();
        expect(await violations(page)).toEqual([]);
        // Escape closes it and gives the focus back to what opened it.
        await page.keyboard.press("Escape");
        await expect(panel).toBeHidden();
        await expect(page.getByRole("button", { name: opener, exact: true }).first()).toBeFocused();
      });
    }

    test("the list of shortcuts has no violations", async ({ consolePage: page }) => {
      await openScreen(page, "/overview");
      await page.keyboard.press("?");
      await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
      expect(await violations(page)).toEqual([]);
    });

    test("the menu panel of small screens has no violations", async ({ consolePage: page }) => {
      await page.setViewportSize({ width: 320, height: 640 });
      await openScreen(page, "/overview");
      await page.getByRole("button", { name: "Open menu" }).click();
      await expect(page.getByRole("dialog")).toBeVisible();
      expect(await violations(page)).toEqual([]);
    });

    test("the not-found page has no violations", async ({ page }) => {
      await page.goto("/no-such-page");
      expect(await violations(page)).toEqual([]);
    });
  });
}

for (const path of SCREENS) {
  test(`${path} fits 320 pixels and 200 % zoom, and every target is large enough`, async ({ consolePage: page }) => {
    await page.setViewportSize({ width: 320, height: 640 });
    await openScreen(page, path);
    expect(await overflowOf(page)).toBeLessThanOrEqual(0);
    expect(await smallTargets(page)).toEqual([]);
    // A window of 1280 pixels at 200 % has 640 of them left.
    await page.setViewportSize({ width: 640, height: 400 });
    expect(await overflowOf(page)).toBeLessThanOrEqual(0);
  });

  test(`${path} can be walked by keyboard, with a focus one can see`, async ({ consolePage: page }) => {
    await openScreen(page, path);
    await page.keyboard.press("Tab");
    const skip = page.getByRole("link", { name: "Skip to content" });
    await expect(skip).toBeFocused();
    await page.keyboard.press("Enter");
    await expect(page.getByRole("main")).toBeFocused();
    for (let step = 0; step < 25; step += 1) {
      await page.keyboard.press("Tab");
      const focus = await page.evaluate(describeFocus);
      if (focus === null) {
        break;
      }
      expect(focus.seen, `${focus.what} shows its focus`).toBe(true);
      expect(focus.covered, `${focus.what} is covered`).toBe(false);
    }
  });
}

/** What has the focus; null at the end of the page. In the browser. */
function describeFocus(): { what: string; seen: boolean; covered: boolean } | null {
  const element = document.activeElement;
  if (!(element instanceof HTMLElement) || element === document.body) {
    return null;
  }
  const outlined = (target: Element | null) => target !== null && getComputedStyle(target).outlineStyle !== "none";
  const box = element.getBoundingClientRect();
  const [x, y] = [box.left + Math.min(box.width / 2, 40), box.top + Math.min(box.height / 2, 12)];
  const top = document.elementFromPoint(x, y);
  const covered = top?.closest("header") !== null && element.closest("header") === null;
  return {
    what: element.outerHTML.slice(0, 160),
    // A field in a frame of its own is outlined by the frame.
    seen: outlined(element) || outlined(element.parentElement),
    covered,
  };
}

/** Controls under 24 by 24 pixels that are not part of a sentence (WCAG 2.5.8). */
async function smallTargets(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const isSmall = (element: Element) => {
      const target = element.closest("label") ?? element;
      const { width, height } = target.getBoundingClientRect();
      // The skip link is cut away until it has the focus.
      const shown = width > 1 && height > 1 && getComputedStyle(element).clipPath === "none";
      const inSentence = element.matches("a") && element.closest("p,li,dd,td,th,span") !== null;
      return shown && !inSentence && (width < 24 || height < 24);
    };
    const controls = [...document.querySelectorAll("button,a[href],input,select,textarea,summary,[role=tab]")];
    return controls.filter(isSmall).map((element) => element.outerHTML.slice(0, 160));
  });
}
