/** How Chromium is started: by the tests, and by what measures the console. */
import { existsSync } from "node:fs";

/** The distribution's browser where there is one; Playwright's own otherwise. */
const SYSTEM_CHROMIUM = "/usr/bin/chromium";
export const launchOptions = {
  ...(existsSync(SYSTEM_CHROMIUM) ? { executablePath: SYSTEM_CHROMIUM } : {}),
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
};
