import { newToken, openclaw } from "../support/cli.ts";
import { expect, test } from "../support/fixtures.ts";

test.afterEach(async () => {
  await openclaw("incident", "resume", "--yes", "--reason", "end of the test");
});

test("OPS-3 a token is locked from its screen, refused with the message, and let in again", async ({
  consolePage: page,
  playwright,
  baseURL,
}) => {
  const token = await newToken();
  const api = await playwright.request.newContext({ baseURL, extraHTTPHeaders: { authorization: `Bearer ${token}` } });
  try {
    expect((await api.get("/api/v1/whoami")).status()).toBe(200);
    const id = token.split("_")[1] ?? "";
    await page.goto(`/tokens?open=${id}`);
    await page.getByRole("dialog").getByRole("link", { name: "Lock token" }).click();
    const sheet = page.getByRole("dialog", { name: "Lock" });
    await expect(sheet.getByLabel("Which")).toHaveValue(id);
    await sheet.getByLabel("Message to whoever is shut out").fill("Closed for the test.");
    await expect(sheet.getByRole("button", { name: "Lock token" })).toBeDisabled();
    await sheet.getByLabel("Reason").fill("e2e");
    await sheet.getByRole("button", { name: "Lock token" }).click();
    const row = page.getByRole("row").filter({ has: page.getByRole("rowheader", { name: `token ${id}` }) });
    await expect(row).toContainText("Locked");
    const refused = await api.get("/api/v1/whoami");
    expect(refused.status()).toBe(423);
    expect(await refused.json()).toMatchObject({ error: { code: "locked", message: "Closed for the test." } });
    await row.getByRole("button", { name: /^Lift lock on token/ }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Lift lock" }).click();
    await expect(page.getByText("Nothing is locked")).toBeVisible();
    await expect.poll(async () => (await api.get("/api/v1/whoami")).status()).toBe(200);
  } finally {
    await api.dispose();
  }
});

test("OPS-3 the red button asks for its phrase, shows on every page, and is taken back", async ({
  consolePage: page,
}) => {
  await page.goto("/incidents");
  await page.getByRole("button", { name: "Stop everything" }).click();
  const dialog = page.getByRole("alertdialog");
  await dialog.getByLabel("Reason").fill("e2e");
  const stop = dialog.getByRole("button", { name: "Stop everything" });
  await dialog.getByLabel("Type STOP EVERYTHING to confirm").fill("stop everything");
  await expect(stop).toBeDisabled();
  await dialog.getByLabel("Type STOP EVERYTHING to confirm").fill("STOP EVERYTHING");
  await stop.click();
  await expect(page.getByText(/^Everything is stopped since/).first()).toBeVisible();
  await page.goto("/overview");
  await expect(page.getByRole("complementary", { name: "Incident" })).toContainText("Everything is stopped");
  await page.getByRole("link", { name: "Go to incidents" }).click();
  await page.getByRole("button", { name: "Resume" }).click();
  await dialog.getByLabel("Reason").fill("e2e is over");
  await dialog.getByRole("button", { name: "Resume" }).click();
  await expect(page.getByRole("button", { name: "Stop everything" })).toBeVisible();
});

test("OPS-3 an incident is opened, noted, reported and closed", async ({ consolePage: page }) => {
  await page.goto("/incidents?new");
  const opening = page.getByRole("dialog", { name: "Open incident" });
  await opening.getByLabel("Title").fill("A lost laptop");
  await opening.getByRole("button", { name: "Open incident" }).click();
  await expect(page.getByRole("complementary", { name: "Incident" })).toContainText("A lost laptop", {
    timeout: 15_000,
  });
  await page.getByRole("rowheader").getByRole("button", { name: "A lost laptop" }).click();
  const sheet = page.getByRole("dialog", { name: "A lost laptop" });
  await sheet.getByLabel("Note").fill("It was encrypted.");
  await sheet.getByRole("button", { name: "Add note" }).click();
  await expect(sheet.getByText("It was encrypted. —")).toBeVisible();
  const downloading = page.waitForEvent("download");
  await sheet.getByRole("button", { name: "Markdown" }).click();
  expect((await downloading).suggestedFilename()).toMatch(/^incident-inc_.*\.md$/);
  await sheet.getByRole("button", { name: "Close incident" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Close incident" }).click();
  await expect(page.getByRole("row").filter({ hasText: "A lost laptop" })).toContainText("Closed");
});
