import type { APIRequestContext, Page } from "@playwright/test";
import { newToken } from "../support/cli.ts";
import { expect, test } from "../support/fixtures.ts";

interface Message {
  text: string;
  outputs?: string[];
}

let token: string;
let api: APIRequestContext;

test.beforeAll(async ({ playwright, baseURL }) => {
  token = await newToken();
  api = await playwright.request.newContext({ baseURL, extraHTTPHeaders: { authorization: `Bearer ${token}` } });
});
test.afterAll(() => api.dispose());

/** Starts a run through the API and returns its id at once. */
async function start(message: Message): Promise<string> {
  const answer = await api.post("/api/v1/messages", {
    headers: { prefer: "respond-async" },
    data: { channel: "api", user: "user123", ...message },
  });
  expect(answer.status(), await answer.text()).toBe(202);
  return ((await answer.json()) as { runId: string }).runId;
}

const logOf = (page: Page) => page.getByRole("log", { name: "Output of the run" });

test("SBX-12 a run appears in the list by itself, and its log comes line by line while it runs", async ({
  consolePage: page,
}) => {
  await page.goto("/runs");
  await expect(page.getByRole("heading", { level: 1, name: "Runs" })).toBeVisible();
  await page.evaluate(() => document.body.setAttribute("data-same-page", "yes"));
  const runId = await start({
    text: '/run python\nimport time, sys\nprint("first line", flush=True)\nprint("a problem", file=sys.stderr, flush=True)\ntime.sleep(8)\nprint("last line")',
  });
  await page.getByRole("row").filter({ hasText: runId }).getByRole("link").click();
  await expect(page.getByRole("heading", { level: 1, name: `Run ${runId}` })).toBeVisible();
  await expect(logOf(page)).toContainText("first line");
  await expect(logOf(page).locator("[data-stream=stderr]")).toContainText("erra problem");
  // What is there now was sent before the end: nothing holds the stream back.
  await expect(logOf(page)).not.toContainText("last line");
  await expect(page.getByText("Running", { exact: true }).first()).toBeVisible();
  await expect(logOf(page)).toContainText("last line", { timeout: 20_000 });
  await expect(page.getByText("Finished", { exact: true })).toBeVisible();
  await expect(page.locator("body[data-same-page=yes]")).toHaveCount(1);
});

test("SBX-12 a run is stopped after a question, and says who did it", async ({ consolePage: page }) => {
  const runId = await start({ text: '/run python\nimport time\nprint("up", flush=True)\ntime.sleep(250)' });
  await page.goto(`/runs/${runId}`);
  await expect(logOf(page)).toContainText("up");
  await page.getByRole("button", { name: "Stop run" }).click();
  const dialog = page.getByRole("alertdialog", { name: `Stop run ${runId}?` });
  await dialog.getByRole("button", { name: "Stop run" }).click();
  await expect(page.getByText(/\S+ stopped this run\./)).toBeVisible();
  await expect(page.getByText("Somebody")).toHaveCount(0);
  await expect(page.getByText("Cancelled").first()).toBeVisible();
  await expect(page.getByRole("button", { name: "Stop run" })).toHaveCount(0);
});

test("SBX-5 a run that wanted too much memory explains itself", async ({ consolePage: page }) => {
  const runId = await start({ text: "/run python\nkept = []\nwhile True:\n    kept.append(b'x' * 1048576)" });
  await page.goto(`/runs/${runId}`);
  await expect(page.getByText("Out of memory", { exact: true })).toBeVisible({ timeout: 30_000 });
  await expect(page.getByText(/wanted more than \d+ MiB of memory/)).toBeVisible();
  await expect(page.getByRole("row").filter({ hasText: "Memory" })).toContainText("control group");
});

test("hostile output is text: no markup, no escapes, and a very long line keeps the page usable", async ({
  consolePage: page,
}) => {
  const program = [
    "/run python",
    "print('<script>document.title = \"owned\"</script><img src=x onerror=alert(1)>')",
    "print('\\x1b[31mred\\x1b[0m and \\x1b]0;owned\\x07done')",
    "print('a\\0b')",
    "print('long ' + 'x' * 200000)",
  ].join("\n");
  const runId = await start({ text: program });
  await page.goto(`/runs/${runId}`);
  const log = logOf(page);
  await expect(log).toContainText('<script>document.title = "owned"</script><img src=x onerror=alert(1)>');
  await expect(log).toContainText("red and done");
  await expect(log).toContainText("more characters in the download");
  await expect(log.locator("script, img")).toHaveCount(0);
  await expect(page).not.toHaveTitle(/owned/);
  await page.getByRole("searchbox", { name: "Search the log" }).fill("RED");
  await expect(page.getByText("1 of 1 lines")).toBeVisible();
  await expect(log.locator("mark").first()).toHaveText("red");
});

test("FS-4 a file that came out is saved as bytes that no browser runs, and not by a stranger", async ({
  consolePage: page,
  playwright,
  baseURL,
}) => {
  const runId = await start({
    text: "/run python\nopen('page.txt','w').write('<script>alert(1)</script>')",
    outputs: ["page.txt"],
  });
  await page.goto(`/runs/${runId}`);
  const link = page.getByRole("link", { name: "Download page.txt" });
  await expect(link).toBeVisible();
  const [saved] = await Promise.all([page.waitForEvent("download"), link.click()]);
  expect(saved.suggestedFilename()).toBe("page.txt");
  const address = (await link.getAttribute("href")) ?? "";
  const headers = await page.evaluate(async (url) => {
    const answer = await fetch(url);
    return Object.fromEntries(answer.headers.entries());
  }, address);
  expect(headers["content-type"]).toBe("application/octet-stream");
  expect(headers["content-disposition"]).toBe("attachment; filename*=UTF-8''page.txt");
  expect(headers["x-content-type-options"]).toContain("nosniff");
  expect(headers["content-security-policy"]).toContain("sandbox");
  expect(headers["cache-control"]).toContain("no-store");
  const stranger = await playwright.request.newContext({ baseURL });
  expect((await stranger.get(address)).status()).toBe(401);
  await stranger.dispose();
});

test("filters are in the address, narrow the list, and are cleared from where nothing is left", async ({
  consolePage: page,
}) => {
  const runId = await start({ text: "/run sh\nexit 3" });
  await page.goto("/runs?state=failed&language=sh");
  await expect(page.getByRole("row").filter({ hasText: runId })).toContainText("Failed");
  await page.getByLabel("User", { exact: true }).fill("nobody-at-all");
  await page.getByRole("button", { name: "Apply filters" }).click();
  await expect(page).toHaveURL(/user=nobody-at-all/);
  await expect(page.getByText("No runs match the filters")).toBeVisible();
  await page.getByRole("button", { name: "Clear filters" }).last().click();
  await expect(page).toHaveURL(/\/runs$/);
  await expect(page.getByRole("row").filter({ hasText: runId })).toBeVisible();
});

test("a page that is left gives its stream back: many can be opened one after the other", async ({
  consolePage: page,
}) => {
  const runId = await start({ text: '/run python\nimport time\nprint("up", flush=True)\ntime.sleep(120)' });
  // One more than a session may hold at a time.
  test.slow();
  for (let visit = 0; visit < 5; visit += 1) {
    await page.goto(`/runs/${runId}`);
    await expect(logOf(page)).toContainText("up");
  }
  expect((await api.delete(`/api/v1/runs/${runId}`)).status()).toBe(202);
});

test("a run that does not exist is said to be unknown", async ({ consolePage: page }) => {
  await page.goto("/runs/run_00000000000000000000");
  await expect(page.getByText("The run could not be read")).toBeVisible();
  await expect(page.getByText(/No such run/)).toBeVisible();
});
