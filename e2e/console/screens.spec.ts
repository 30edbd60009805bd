/**
 * Pictures of every screen. For the documentation when asked for: OPENCLAW_SCREENSHOTS=1 npx playwright test e2e/console/screens.spec.ts;
 * otherwise they lie beside the results of the tests.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { newToken } from "../support/cli.ts";
import { expect, test } from "../support/fixtures.ts";
import { openScreen, SCREENS } from "../support/screens.ts";

const FOLDER = process.env.OPENCLAW_SCREENSHOTS === "1" ? "docs/screenshots" : "test-results/screenshots";
/** Also in the dark: one that shows the colours, one with a long table. */
const DARK_TOO = new Set(["/overview", "/audit"]);

test.use({ viewport: { width: 1280, height: 800 } });

test.beforeAll(async ({ playwright, baseURL }) => {
  mkdirSync(FOLDER, { recursive: true });
  const token = await newToken();
  const api = await playwright.request.newContext({ baseURL, extraHTTPHeaders: { authorization: `Bearer ${token}` } });
  for (const [user, text] of [
    ["ana", "/run python\nprint(6*7)"],
    ["ben", "/run javascript\nconsole.log('hello')"],
    ["ana", "/run python\nraise SystemExit(3)"],
    ["mallory", "/status"],
  ]) {
    await api.post("/api/v1/messages", { data: { channel: "api", user, text } });
  }
  await api.post("/api/v1/messages", {
    headers: { authorization: "Bearer ocg_not-a-token" },
    data: { channel: "api", user: "mallory", text: "/status" },
  });
  await api.dispose();
});

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });
    for (const path of SCREENS.filter((screen) => colorScheme === "light" || DARK_TOO.has(screen))) {
      test(`picture of ${path}`, async ({ consolePage: page }) => {
        await openScreen(page, path);
        await page.evaluate(() => document.fonts.ready);
        const name = path.slice(1).replaceAll("/", "-");
        const file = join(FOLDER, `${name}${colorScheme === "dark" ? "-dark" : ""}.png`);
        await page.screenshot({ path: file, animations: "disabled", caret: "hide" });
        expect(await page.title()).toContain("OpenClaw Gateway");
      });
    }
  });
}
