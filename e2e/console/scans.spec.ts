import { newRole } from "../support/cli.ts";
import { expect, signIn, test } from "../support/fixtures.ts";

test("MON-3 a scan is made, its findings say where they come from and what corrects them, and one is suppressed", async ({
  consolePage: page,
}) => {
  test.setTimeout(90_000);
  await page.goto("/scans");
  await page.getByRole("button", { name: "Scan now" }).first().click();
  await expect(page.getByText(/Scan finished: \d+ of 100/)).toBeVisible({ timeout: 30_000 });
  const verdict = page.getByRole("region", { name: "Verdict" });
  await expect(verdict).toContainText("from the console");
  const advice = page.getByRole("list", { name: "Advice" });
  const finding = advice.getByRole("listitem").filter({ hasText: "record.no_anchor" });
  await expect(finding).toContainText("openclaw.json5");
  await expect(finding).toContainText("openclaw config set logging.audit.anchor.url");

  await finding.getByRole("button", { name: /^Suppress/ }).click();
  const dialog = page.getByRole("alertdialog");
  await dialog.getByLabel("Reason").fill("The witness comes next month");
  await dialog.getByRole("button", { name: "Suppress" }).click();
  const row = page
    .getByRole("region", { name: "Suppressions", exact: true })
    .getByRole("row")
    .filter({ hasText: "record.no_anchor" });
  await expect(row).toContainText("The witness comes next month");

  await page.getByRole("button", { name: "Scan now" }).first().click();
  await expect(verdict).toContainText("1 suppressed", { timeout: 30_000 });
  await expect(finding).toHaveCount(0);
  await row.getByRole("button", { name: "End the suppression of record.no_anchor" }).click();
  await expect(row).toContainText("Over");
});

test("MON-3 whoever may only look is offered neither a scan nor a suppression", async ({ page }) => {
  await newRole("e2e-scan-reader", ["overview:read", "scans:read"]);
  await signIn(page, "e2e-scan-reader");
  await page.goto("/scans");
  await expect(page.getByRole("heading", { level: 1, name: "Security scan" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Scan now" })).toHaveCount(0);
  await expect(page.getByRole("button", { name: /^Suppress/ })).toHaveCount(0);
});
