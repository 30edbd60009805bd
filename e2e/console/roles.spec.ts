import { openclaw } from "../support/cli.ts";
import { expect, test } from "../support/fixtures.ts";

test("AUTHZ-1 a role is made, changed by keyboard alone and deleted; each save shows first what it does", async ({
  consolePage: page,
}) => {
  await page.goto("/roles");
  await page.getByRole("button", { name: "New role" }).press("Enter");
  await page.getByLabel("Name", { exact: true }).fill("e2e-night");
  await page.getByRole("checkbox", { name: /^read Ask/ }).press("Space");
  const implied = page.getByRole("checkbox", { name: "runs: read for role e2e-night, follows from read" });
  await expect(implied).toBeChecked();
  await expect(implied).toBeDisabled();
  await page.getByLabel("Channels", { exact: true }).fill("slack");
  await page.keyboard.press("Enter");
  await page.getByLabel("Commands", { exact: true }).fill("status");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Review changes" }).press("Enter");
  const review = page.getByRole("dialog");
  await expect(review).toContainText("Gains runs:read");
  await expect(review).toContainText("Nobody has role e2e-night today");
  await review.getByRole("button", { name: "Save role" }).press("Enter");
  await expect(page.getByText("Role e2e-night made")).toBeVisible();

  await page.getByRole("button", { name: "e2e-night" }).press("Enter");
  await expect(page).toHaveURL(/role=e2e-night/);
  await page.getByRole("checkbox", { name: "tokens: rotate for role e2e-night" }).press("Space");
  await page.getByRole("checkbox", { name: /^limits: all actions/ }).press("Space");
  await page.getByRole("button", { name: "Review changes" }).press("Enter");
  await expect(review).toContainText("Gains tokens:rotate");
  await expect(review).toContainText("Gains limits:reset");
  await review.getByRole("button", { name: "Save role" }).press("Enter");
  await expect(page.getByText("Role e2e-night saved")).toBeVisible();
  const row = page.getByRole("row").filter({ hasText: "e2e-night" });
  await expect(row).toContainText("tokens:rotate");

  await row.getByRole("button").press("Enter");
  await page.getByRole("button", { name: "Delete role" }).press("Enter");
  const confirm = page.getByRole("alertdialog");
  await expect(confirm).toContainText("Nobody has it today");
  await confirm.getByLabel("Type e2e-night to confirm").fill("e2e-night");
  await page.keyboard.press("Enter");
  await expect(page.getByText("Role e2e-night deleted")).toBeVisible();
  await expect(page.getByRole("row").filter({ hasText: "e2e-night" })).toHaveCount(0);
});

test("AUTHZ-6 the built-in administrator's role keeps everything, and the review says so", async ({
  consolePage: page,
}) => {
  await page.goto("/roles?role=admin");
  await page.getByRole("checkbox", { name: /\(everything\)/ }).uncheck();
  await page.getByRole("button", { name: "Review changes" }).click();
  const review = page.getByRole("dialog");
  await expect(review.getByRole("alert")).toContainText('has to keep the permission "*"');
  await expect(review.getByRole("button", { name: "Save role" })).toBeDisabled();
});

test("AUTHZ-5 a link from a refusal shows the permission, what it means and where to grant it", async ({
  consolePage: page,
}) => {
  await page.goto("/roles?role=user&permission=tokens:create");
  await expect(page.getByRole("note")).toContainText("Role user does not hold it");
  await expect(page.getByRole("checkbox", { name: "tokens: create for role user" })).toBeInViewport();
});

test("who edited an older state is told so and shown both", async ({ consolePage: page }) => {
  await openclaw("access", "roles", "set", "e2e-shared", "--permissions", "read", "--commands", "help");
  await page.goto("/roles?role=e2e-shared");
  await page.getByRole("checkbox", { name: "tokens: read for role e2e-shared" }).check();
  await openclaw("access", "roles", "set", "e2e-shared", "--commands", "help,ask");
  await page.getByRole("button", { name: "Review changes" }).click();
  const review = page.getByRole("dialog");
  await review.getByRole("button", { name: "Save role" }).click();
  await expect(review.getByRole("alert")).toContainText("Somebody else changed this role");
  await review.getByRole("button", { name: "Discard my changes" }).click();
  await expect(page.getByRole("row").filter({ hasText: "e2e-shared" })).toContainText("help, ask");
  await openclaw("access", "roles", "delete", "e2e-shared");
});

test("AUTHZ-5 a question to the policy is in the address, and its answer names rule and checks", async ({
  consolePage: page,
}) => {
  await page.goto("/roles/simulate?user=e2e-stranger&role=user&channel=nowhere&command=run");
  await expect(page.getByText("Denied", { exact: true })).toBeVisible();
  await expect(page.getByRole("region", { name: "Checks" })).toContainText(
    "Refused: channels of the credential's role",
  );
  await page.getByLabel("Sent by a bot with role").selectOption("admin");
  await page.getByRole("button", { name: "Test access" }).click();
  await expect(page.getByText("Allowed", { exact: true })).toBeVisible();
  await expect(page).toHaveURL(/role=admin/);
  await page.goBack();
  await expect(page.getByText("Denied", { exact: true })).toBeVisible();
  await page.getByRole("link", { name: 'role "user".channels' }).first().click();
  await expect(page.getByRole("heading", { level: 1, name: "Role user" })).toBeVisible();
});
