/** A browser for the end-to-end tests. */
import { existsSync } from "node:fs";
import { aptInstall, canInstall } from "../lib/apt.mjs";
import { capture, runLogged } from "../lib/exec.mjs";
import { inRoot } from "../lib/project.mjs";
import { SetupProblem } from "../lib/problem.mjs";
import { step } from "../lib/report.mjs";

const SYSTEM_BROWSER = "/usr/bin/chromium";
const PLAYWRIGHT = "node_modules/@playwright/test/cli.js";

export async function ensureChromium(node) {
  if (existsSync(SYSTEM_BROWSER) || (await hasPlaywrightBrowser(node))) {
    return;
  }
  const install = (await canInstall())
    ? () => aptInstall(["chromium"])
    : () =>
        runLogged("chromium", node, [inRoot(PLAYWRIGHT), "install", "chromium"], {
          problem: "There is no browser for the end-to-end tests. Run: sudo apt-get install -y chromium",
        });
  await step("Installing Chromium", install);
  if (!existsSync(SYSTEM_BROWSER) && !(await hasPlaywrightBrowser(node))) {
    throw new SetupProblem(
      "There is no browser for the end-to-end tests. Run: npx playwright install --with-deps chromium",
    );
  }
}

async function hasPlaywrightBrowser(node) {
  const script = 'import { chromium } from "@playwright/test"; console.log(chromium.executablePath());';
  const { output } = await capture(node, ["--input-type=module", "-e", script]);
  return output.trim() !== "" && existsSync(output.trim());
}
