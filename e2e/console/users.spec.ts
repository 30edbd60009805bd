import { openclaw } from "../support/cli.ts";
import { expect, test } from "../support/fixtures.ts";

test("AUTHZ-2 a user is made with a limit, found, narrowed to a channel and deleted", async ({ consolePage: page }) => {
  await page.goto("/users");
  await page.getByRole("button", { name: "New user" }).first().click();
  const sheet = page.getByRole("dialog");
  await sheet.getByRole("button", { name: "Make user" }).click();
  await expect(sheet).toContainText("Enter the id.");
  await sheet.getByLabel("Id", { exact: true }).fill("slack:E2E1");
  await sheet.getByLabel("Role", { exact: true }).selectOption("user");
  await sheet.getByLabel(/Limit the person/).check();
  await sheet.getByLabel("At most").fill("5");
  await sheet.getByRole("button", { name: "Make user" }).click();
  await expect(page.getByText("User slack:E2E1 made")).toBeVisible();

  await page.getByRole("search").getByLabel("Search").fill("e2e1");
  const row = page.getByRole("row").filter({ hasText: "slack:E2E1" });
  await expect(row).toContainText("5 messages in 1 hour");
  await expect(page).toHaveURL(/q=e2e1/);
  await row.getByRole("button").click();
  await sheet.getByLabel(/Only some channels/).check();
  await sheet.getByLabel("Channels", { exact: true }).fill("slack");
  await sheet.getByRole("button", { name: "Save user" }).click();
  await expect(page.getByText("User slack:E2E1 saved")).toBeVisible();
  await expect(row).toContainText("slack");

  await row.getByRole("button").click();
  await sheet.getByRole("button", { name: "Delete user" }).click();
  const confirm = page.getByRole("alertdialog");
  await expect(confirm).toContainText("The person is not kept out");
  await confirm.getByLabel("Type slack:E2E1 to confirm").fill("slack:E2E1");
  await confirm.getByRole("button", { name: "Delete user" }).click();
  await expect(page.getByText("User slack:E2E1 deleted")).toBeVisible();
  await expect(page.getByText("No users match the filters")).toBeVisible();
});

test("a user's panel leads to the record and to what the user can do", async ({ consolePage: page }) => {
  await openclaw("access", "users", "set", "e2e-linked", "--role", "user");
  await page.goto("/users?open=e2e-linked");
  const sheet = page.getByRole("dialog");
  await expect(sheet.getByRole("link", { name: "Show on the record" })).toHaveAttribute(
    "href",
    "/audit?q=user%3Ae2e-linked",
  );
  await sheet.getByRole("link", { name: "Effective permissions" }).click();
  await expect(page.getByRole("region", { name: "Effective rights" })).toContainText("/status");
  await openclaw("access", "users", "delete", "e2e-linked");
});
