import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { promisify } from "node:util";
import type { Page, PlaywrightWorkerArgs } from "@playwright/test";
import { newToken } from "../support/cli.ts";
import { E2E_HOME } from "../support/environment.ts";
import { expect, test } from "../support/fixtures.ts";

const run = promisify(execFile);

type Playwright = PlaywrightWorkerArgs["playwright"];

/** A message that the policy refuses, by a user of its own. */
async function refuse(playwright: Playwright, baseURL: string | undefined, user: string): Promise<void> {
  const api = await playwright.request.newContext({
    baseURL,
    extraHTTPHeaders: { authorization: `Bearer ${await newToken("user")}` },
  });
  const answer = await api.post("/api/v1/messages", {
    data: { channel: "slack", user, text: "/run python\nprint(1)" },
  });
  expect(answer.status()).toBe(403);
  await api.dispose();
}

const events = (page: Page) => page.getByRole("region", { name: "Events of the record" }).getByRole("row");
const someone = (): string => `user${randomUUID().slice(0, 8)}`;

test("why somebody was denied is found in a search and a click, with the rule and its reason in words", async ({
  consolePage: page,
  playwright,
  baseURL,
}) => {
  const user = someone();
  await refuse(playwright, baseURL, user);
  await page.goto("/audit");
  const search = page.getByRole("combobox", { name: /^Search, for example/ });
  await search.fill(`user:${user} outcome:den`);
  await expect(page.getByRole("option", { name: "outcome:denied" })).toBeVisible();
  await search.press("ArrowDown");
  await search.press("Enter");
  await search.press("Enter");
  await expect(page).toHaveURL(new RegExp(`q=user:${user}[+%]`));
  await expect(events(page).nth(1)).toContainText(`${user} was refused the command /run on slack`);
  await events(page).nth(1).getByRole("button").click();
  const panel = page.getByRole("dialog", { name: "Access denied" });
  await expect(panel).toContainText("Because role “user” may not use slack.");
  await expect(panel.getByRole("link", { name: 'role "user".channels' })).toHaveAttribute("href", "/roles?role=user");
  await expect(panel.getByRole("link", { name: "Explain with the rules of now" })).toBeVisible();
  await expect(panel.getByRole("group", { name: "Event" })).toContainText('"code": "OCZ001W"');
  await page.keyboard.press("Escape");
  await expect(panel).toBeHidden();
  await expect(page).not.toHaveURL(/row=/);
});

test("a mistake is named with what could stand there, a filter narrows, a bar of the chart chooses its time", async ({
  consolePage: page,
  playwright,
  baseURL,
}) => {
  const user = someone();
  await refuse(playwright, baseURL, user);
  await page.goto("/audit");
  const search = page.getByRole("combobox", { name: /^Search, for example/ });
  await search.fill(`usr:${user}`);
  await search.press("Escape");
  await search.press("Enter");
  await expect(page.getByText("There is no qualifier “usr:”.")).toBeVisible();
  await page.getByRole("button", { name: `user:${user}` }).click();
  await expect(page.getByText("1 event found")).toBeVisible();
  await page.getByRole("region", { name: "Outcome" }).getByRole("button", { name: "denied" }).click();
  await expect(page).toHaveURL(/outcome:denied/);
  await page.getByRole("button", { name: /: 0 ok, 1 denied/ }).press("Enter");
  await expect(page).toHaveURL(/from=.*to=/);
  await expect(events(page)).toHaveCount(2);
});

test("a refusal appears by itself while the record is followed", async ({ consolePage: page, playwright, baseURL }) => {
  const user = someone();
  await page.goto(`/audit?q=user:${user}`);
  await expect(page.getByText("No events match the filters")).toBeVisible();
  await page.getByRole("switch", { name: "Live" }).check();
  await page.evaluate(() => document.body.setAttribute("data-same-page", "yes"));
  await refuse(playwright, baseURL, user);
  await expect(events(page).nth(1)).toContainText(`${user} was refused`);
  await expect(page.locator("body[data-same-page=yes]")).toHaveCount(1);
});

test("an export of the search is downloaded and verified by the command line", async ({ consolePage: page }) => {
  await page.goto("/audit?q=kind:config_changes");
  await page.getByRole("button", { name: "Export search" }).click();
  const downloading = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download export" }).click();
  const file = await (await downloading).path();
  const env = { ...process.env, OPENCLAW_HOME: E2E_HOME };
  const { stdout } = await run(process.execPath, ["cli/main.ts", "security", "verify-audit", "--file", file], { env });
  expect(stdout).toMatch(/^Sound/);
});

test("the chain is verified from its panel", async ({ consolePage: page }) => {
  await page.goto("/audit");
  await page.getByRole("button", { name: /^Chain/ }).click();
  const panel = page.getByRole("dialog", { name: "Is this record genuine?" });
  await panel.getByRole("button", { name: "Verify record" }).click();
  await expect(panel.getByText(/^Sound up to row/)).toBeVisible();
});
