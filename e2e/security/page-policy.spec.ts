import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { ORIGIN } from "../support/environment.ts";
import { expect, test } from "../support/fixtures.ts";
import { openScreen, SCREENS } from "../support/screens.ts";

test("CVE-2026-25253 whatever the address says, the page talks to its own server only", async ({
  consolePage: page,
}) => {
  const elsewhere: string[] = [];
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== ORIGIN) {
      elsewhere.push(request.url());
    }
  });
  await page.goto("/overview?gatewayUrl=wss://evil.example&callbackUrl=https://evil.example&next=//evil.example");
  await expect(page.getByRole("region", { name: "Database", exact: true })).toContainText("Online");
  expect(elsewhere).toEqual([]);
  expect(new URL(page.url()).origin).toBe(ORIGIN);
  expect(await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }))).toBe("{}");
});

test("the policy really blocks inline scripts, foreign connections and framing", async ({ browser, session }) => {
  // A context of its own: here violations are what the test wants to see.
  const context = await browser.newContext({ storageState: session, baseURL: ORIGIN });
  const page = await context.newPage();
  const response = await page.goto("/overview");
  const policy = response?.headers()["content-security-policy"] ?? "";
  expect(policy).not.toContain("unsafe");
  const blocked = await page.evaluate(async () => {
    const seen: string[] = [];
    document.addEventListener("securitypolicyviolation", (event) => seen.push(event.effectiveDirective));
    const holder = document.createElement("div");
    // What injected markup can try: an event handler, and a script that the parser of an inheriting frame meets.
    holder.innerHTML = `<img src="data:," onerror="window.injected = true"><iframe srcdoc="<script>parent.injected = true</script>"></iframe>`;
    const frame = holder.querySelector("iframe");
    const loaded = new Promise((resolve) => frame?.addEventListener("load", resolve));
    document.body.append(holder);
    await loaded;
    await fetch("https://evil.example/").catch(() => undefined);
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    return { seen, injected: "injected" in window };
  });
  expect(blocked.injected).toBe(false);
  expect(blocked.seen).toContain("script-src-attr");
  expect(blocked.seen).toContain("connect-src");
  await context.close();

  const second = await browser.newPage();
  const nonceOf = (text: string): string => /'nonce-([^']+)'/.exec(text)?.[1] ?? "";
  const again = await second.goto(`${ORIGIN}/sign-in`);
  expect(nonceOf(again?.headers()["content-security-policy"] ?? "")).not.toBe(nonceOf(policy));
  await second.close();
});

test("CVE-2025-55182 the build holds no server action", () => {
  const manifest = JSON.parse(readFileSync(".next/server/server-reference-manifest.json", "utf8")) as Record<
    string,
    object
  >;
  expect(Object.keys(manifest["node"] ?? {})).toEqual([]);
  expect(Object.keys(manifest["edge"] ?? {})).toEqual([]);
});

test("nothing of the server is in the browser's files", () => {
  const folder = ".next/static";
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".js"));
  expect(files.length).toBeGreaterThan(0);
  for (const name of files) {
    const text = readFileSync(join(folder, name), "utf8");
    expect(text, name).not.toMatch(/PrismaClient|dockerode|OPENCLAW_DATABASE_URL|NEXTAUTH_SECRET|node:crypto|codeHash/);
  }
});

/** What a first visit may load before it works, compressed: wished, and at most. */
const GOAL_BYTES = 170_000;
const FLOOR_BYTES = 230_000;

for (const path of SCREENS) {
  test(`P-UI-1 first-load JavaScript of ${path} stays under its floor of 230 KB, compressed`, async ({
    consolePage: page,
  }) => {
    const sizes: Promise<number>[] = [];
    page.on("response", (response) => {
      if (response.url().endsWith(".js")) {
        sizes.push(response.body().then((body) => gzipSync(body).length));
      }
    });
    await openScreen(page, path);
    await page.evaluate(() => new Promise((resolve) => requestIdleCallback(resolve)));
    const total = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
    const verdict = total <= GOAL_BYTES ? "within the goal" : `${total - GOAL_BYTES} over the goal`;
    test.info().annotations.push({ type: "first-load JS (gzip bytes)", description: `${path} ${total}, ${verdict}` });
    expect(total).toBeGreaterThan(50_000);
    expect(total).toBeLessThan(FLOOR_BYTES);
  });
}
