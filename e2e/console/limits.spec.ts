import { openclaw } from "../support/cli.ts";
import { expect, test } from "../support/fixtures.ts";

interface Issued {
  id: string;
  token: string;
}

test("RATE-1 RATE-2 who has used what is shown live, explained without spending, and reset", async ({
  consolePage: page,
}) => {
  const { id, token } = await openclaw<Issued>(
    ...["gateway", "generate-token", "--name", "e2e limits", "--role", "admin", "--owner", "e2e-limits"],
  );
  const say = () =>
    page.request.post("/api/v1/messages", {
      headers: { authorization: `Bearer ${token}` },
      data: { channel: "api", user: "e2e-limited", text: "/nothing" },
    });
  await page.goto("/limits?scope=user");
  await say();
  await say();
  const row = page.getByRole("row").filter({ hasText: "e2e-limited" });
  await expect(row).toContainText("2 of 100");

  await page.goto("/limits?tab=explain");
  await page.getByRole("button", { name: "Show limits" }).click();
  await expect(page.getByText("Name a user, a token or a role.")).toBeVisible();
  await page.getByLabel("User (optional)").fill("e2e-limited");
  await page.getByLabel("Token id (optional)").fill(id);
  await page.getByLabel("Command").fill("/help");
  await page.getByRole("button", { name: "Show limits" }).click();
  await expect(page.getByText("It would be let through.")).toBeVisible();
  const perUser = page.getByRole("row").filter({ hasText: "security.rateLimit.perUser" });
  await expect(perUser).toContainText("2 of 100");
  await page.reload();
  await expect(perUser).toContainText("2 of 100");

  await page.goto("/limits?scope=user");
  await row.getByRole("button", { name: "Reset counter of e2e-limited" }).click();
  const question = page.getByRole("alertdialog", { name: "Reset the counter of “e2e-limited”?" });
  await question.getByRole("button", { name: "Reset counter" }).click();
  await expect(page.getByText("Counter of e2e-limited reset")).toBeVisible();
  await expect(row).toHaveCount(0);
  await say();
  await expect(row).toContainText("1 of 100");
});

test("RATE-5 configured limits and refusals have their place, and say whose numbers they are", async ({
  consolePage: page,
}) => {
  await page.goto("/limits?tab=rules");
  await expect(page.getByText("Counted in the memory of")).toBeVisible();
  await expect(page.getByRole("row").filter({ hasText: "security.rateLimit.perUser" })).toContainText("15 min");
  await page.getByRole("tab", { name: "Configured" }).press("ArrowLeft");
  await expect(page.getByRole("tab", { name: "Refusals" })).toHaveAttribute("aria-selected", "true");
  await expect(page).toHaveURL(/tab=refusals/);
  await expect(page.getByRole("tabpanel")).not.toContainText("could not be read");
});
