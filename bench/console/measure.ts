/** The browser's half of `bench/console.ts`; the address and the home come from the environment, as in the browser tests. */
import { chromium, request as requests, type Browser, type Page } from "@playwright/test";
import { launchOptions } from "../../e2e/support/browser.ts";
import { ORIGIN } from "../../e2e/support/environment.ts";
import { newMember, type E2eMember } from "../../e2e/support/members.ts";
import { median } from "../support/statistics.ts";

const SIGN_INS = 20;
/** Recovery codes of one member, each good for one sign-in. */
const CODES = 10;
/** Rows the eye passes per frame: far faster than anybody reads. */
const ROWS_PER_FRAME = 20;
const ROW_PX = 40;
const SCROLL_WITHIN_MS = 240_000;
const JUMPS = 40;

const percentile = (values: readonly number[], part: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? NaN;
const rounded = (value: number): number => Number(value.toFixed(1));

async function main(rows: number): Promise<void> {
  const browser = await chromium.launch(launchOptions);
  try {
    await measureSignIn(browser);
    await measureTable(browser, rows);
  } finally {
    await browser.close();
  }
}

async function member(): Promise<E2eMember> {
  const client = await requests.newContext();
  const made = await newMember(client);
  await client.dispose();
  return made;
}

/** From the press on "Sign in" that completes it to an overview whose figures are there and whose controls answer. */
async function measureSignIn(browser: Browser): Promise<void> {
  const times: number[] = [];
  for (let signIns = 0; signIns < SIGN_INS; signIns += CODES) {
    const { email, password, recoveryCodes } = await member();
    for (const code of recoveryCodes.slice(0, CODES)) {
      times.push(await signIn(browser, email, password, code));
    }
  }
  const p75Ms = rounded(percentile(times, 0.75));
  const figure = { id: "P-UI-2", figure: "sign-in to usable overview", signIns: times.length };
  console.log(JSON.stringify({ ...figure, p50Ms: rounded(median(times)), p75Ms, goalMs: 1000, floorMs: 2000 }));
}

async function signIn(browser: Browser, email: string, password: string, recoveryCode: string): Promise<number> {
  const context = await browser.newContext({ baseURL: ORIGIN });
  try {
    const page = await context.newPage();
    await page.goto("/sign-in", { waitUntil: "networkidle" });
    await page.getByLabel("E-mail").fill(email);
    await page.getByLabel("Password", { exact: true }).fill(password);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("button", { name: "Use a recovery code" }).click();
    await page.getByLabel("Recovery code").fill(recoveryCode);
    const started = performance.now();
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
    await page.waitForFunction(
      () =>
        document.querySelector("main [data-slot=skeleton]") === null &&
        [...document.querySelectorAll("main button, nav button")].every((control) =>
          Object.keys(control).some((key) => key.startsWith("__reactProps")),
        ),
    );
    return performance.now() - started;
  } finally {
    await context.close();
  }
}

async function measureTable(browser: Browser, rows: number): Promise<void> {
  const context = await browser.newContext({ baseURL: ORIGIN });
  await newMember(context.request);
  const page = await context.newPage();
  await page.goto("/audit", { waitUntil: "networkidle" });
  await page.locator("[data-slot=virtual-table] [data-row]").first().waitFor();
  const down = await scrollDown(page, rows);
  const frames = (deltas: readonly number[]) => ({
    frames: deltas.length,
    p50FrameMs: rounded(median(deltas)),
    p95FrameMs: rounded(percentile(deltas, 0.95)),
    maxFrameMs: rounded(Math.max(...deltas)),
  });
  const facts = { rows: down.reached, seconds: rounded(down.ms / 1000) };
  console.log(
    JSON.stringify({ id: "record table", figure: "reading on to the end", ...facts, ...frames(down.deltas) }),
  );
  const jumps = await jump(page);
  console.log(
    JSON.stringify({
      id: "record table",
      figure: "to any place among the rows that are there",
      p50Ms: rounded(median(jumps.shownMs)),
      p95Ms: rounded(percentile(jumps.shownMs, 0.95)),
      ...frames(jumps.deltas),
    }),
  );
  await context.close();
}

/** Scrolls as fast as rows come, noting the time between frames. */
const scrollDown = (page: Page, rows: number): Promise<{ reached: number; ms: number; deltas: number[] }> =>
  page.evaluate(
    async ({ rows, step, within }) => {
      const table = document.querySelector<HTMLElement>("[data-slot=virtual-table]");
      if (table === null) {
        throw new Error("there is no table");
      }
      const known = (): number =>
        Number(table.querySelector<HTMLElement>("[data-row]:last-of-type")?.dataset["row"] ?? 0) + 1;
      const deltas: number[] = [];
      const started = performance.now();
      let last = started;
      let farthest = 0;
      while (farthest < rows - 200 && performance.now() - started < within) {
        table.scrollTop += step;
        const now = await new Promise<number>((resolve) => requestAnimationFrame(resolve));
        deltas.push(now - last);
        last = now;
        farthest = Math.max(farthest, known());
      }
      return { reached: farthest, ms: performance.now() - started, deltas: deltas.slice(2) };
    },
    { rows, step: ROWS_PER_FRAME * ROW_PX, within: SCROLL_WITHIN_MS },
  );

/** Drags the scroll bar to places all over the table, and waits each time until words stand in the rows. */
const jump = (page: Page): Promise<{ shownMs: number[]; deltas: number[] }> =>
  page.evaluate(async (jumps) => {
    const table = document.querySelector<HTMLElement>("[data-slot=virtual-table]");
    if (table === null) {
      throw new Error("there is no table");
    }
    const shownMs: number[] = [];
    const deltas: number[] = [];
    for (let n = 0; n < jumps; n += 1) {
      table.scrollTop = ((n * 0.618) % 1) * (table.scrollHeight - table.clientHeight);
      const started = performance.now();
      let last = started;
      for (;;) {
        const now = await new Promise<number>((resolve) => requestAnimationFrame(resolve));
        deltas.push(now - last);
        last = now;
        const shown = [...table.querySelectorAll("[data-row]")];
        if (shown.length > 0 && table.querySelector("[data-row] [data-slot=skeleton]") === null) {
          break;
        }
      }
      shownMs.push(performance.now() - started);
    }
    return { shownMs, deltas };
  }, JUMPS);

await main(Number(process.argv[2]));
