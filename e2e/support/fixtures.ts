/** What every browser test gets: a page that must stay free of violations, and a way to be signed in. */
import { test as base, expect, type APIRequestContext, type BrowserContextOptions, type Page } from "@playwright/test";
import { newMember, type E2eMember } from "./members.ts";

type StorageState = Exclude<BrowserContextOptions["storageState"], string | undefined>;

interface TestFixtures {
  /** The shared console session. Dangerous actions are open in it: it is replaced before that ends. */
  session: StorageState;
  /** A page with the shared console session. */
  consolePage: Page;
  /** Makes a client without cookies, a browser of its own as far as the server can tell. */
  newClient: () => Promise<APIRequestContext>;
  /** Fails the test on any script error or content-security-policy violation of `page` and `consolePage`. */
  cleanPages: (page: Page) => void;
}

interface WorkerFixtures {
  sessions: () => Promise<StorageState>;
}

/** Half of the time for which dangerous actions stay open after a sign-in (milliseconds). */
const FRESH_MS = 5 * 60_000;

export const test = base.extend<TestFixtures, WorkerFixtures>({
  sessions: [
    async ({ browser }, provide) => {
      let known: { state: StorageState; since: number } | null = null;
      await provide(async () => {
        if (known === null || performance.now() - known.since > FRESH_MS) {
          const since = performance.now();
          const context = await browser.newContext();
          await signIn(await context.newPage());
          known = { state: await context.storageState(), since };
          await context.close();
        }
        return known.state;
      });
    },
    { scope: "worker" },
  ],
  session: async ({ sessions }, provide) => provide(await sessions()),
  newClient: async ({ playwright, baseURL }, provide) => {
    const clients: APIRequestContext[] = [];
    await provide(async () => {
      const client = await playwright.request.newContext({ baseURL });
      clients.push(client);
      return client;
    });
    await Promise.all(clients.map((client) => client.dispose()));
  },
  cleanPages: async ({}, provide) => {
    const violations: string[] = [];
    await provide((page) => {
      page.on("pageerror", (error) => violations.push(`${page.url()}: ${error.message}`));
      page.on("console", (message) => {
        if (/content security policy|hydrat|refused to/i.test(message.text())) {
          violations.push(`${page.url()}: ${message.text()}`);
        }
      });
    });
    expect(violations).toEqual([]);
  },
  page: async ({ page, cleanPages }, provide) => {
    cleanPages(page);
    waitForLife(page);
    await provide(page);
  },
  consolePage: async ({ browser, session, cleanPages, baseURL, colorScheme, viewport }, provide) => {
    const context = await browser.newContext({ storageState: session, baseURL, colorScheme, viewport });
    const page = await context.newPage();
    cleanPages(page);
    waitForLife(page);
    await provide(page);
    await context.close();
  },
});
export { expect };

/**
 * Whoever types into a page of the server before its script has taken over types for nobody: no person is as fast as a test. A test that asks
 * for the first answer alone (`waitUntil: "commit"`) gets that.
 */
function waitForLife(page: Page): void {
  const goto = page.goto.bind(page);
  page.goto = async (...parameters) => {
    const response = await goto(...parameters);
    if (parameters[1]?.waitUntil === "commit") {
      return response;
    }
    // A few frames long: listeners of the whole page are set up by effects, which follow the frame in which the controls came to life.
    await page.waitForFunction(() => {
      const page = globalThis as { framesAlive?: number };
      const isAlive = [...document.querySelectorAll("input, textarea, select, button")].every((control) =>
        Object.keys(control).some((key) => key.startsWith("__reactProps")),
      );
      page.framesAlive = isAlive ? (page.framesAlive ?? 0) + 1 : 0;
      return page.framesAlive > 2;
    });
    return response;
  };
}

/** Signs the page's browser in as a new member and waits for the overview. */
export async function signIn(page: Page, role = "admin"): Promise<E2eMember> {
  const member = await newMember(page.context().request, role);
  await page.goto("/overview");
  await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();
  return member;
}
