/** Browser tests against the real product: supervisor, embedded PostgreSQL, production build, a home and a port of their own. */
import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig, devices } from "@playwright/test";
import { launchOptions } from "./e2e/support/browser.ts";
import { freePort } from "./tests/support/free-port.ts";

// The file is read again in every worker; only the first reader decides, the others inherit its choice.
process.env.E2E_HOME ??= join(tmpdir(), `openclaw-e2e-${randomUUID()}`);
process.env.E2E_PORT ??= String(await freePort());
const origin = `http://127.0.0.1:${process.env.E2E_PORT}`;

export default defineConfig({
  testDir: "e2e",
  outputDir: "test-results",
  // A new set-up link voids the one before it: tests take turns.
  workers: 1,
  fullyParallel: false,
  forbidOnly: process.env.CI !== undefined,
  timeout: 45_000,
  expect: { timeout: 15_000 },
  use: { ...devices["Desktop Chrome"], baseURL: origin, launchOptions, trace: "retain-on-failure" },
  webServer: {
    command: "node e2e/support/product.ts",
    url: `${origin}/readyz`,
    timeout: 120_000,
    gracefulShutdown: { signal: "SIGTERM", timeout: 60_000 },
    stdout: "ignore",
    stderr: "pipe",
  },
});
