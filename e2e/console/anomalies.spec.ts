import { newMember } from "../support/members.ts";
import { expect, test } from "../support/fixtures.ts";

test("MON-1 unusual activity has its place on the monitoring screen, with its filter in the address", async ({
  consolePage: page,
}) => {
  await page.goto("/monitoring");
  const section = page.getByRole("region", { name: "Unusual activity" });
  await expect(section).toContainText(/Nothing was unusual yet|series, looked at/);
  await section.getByLabel("Episodes").selectOption("open");
  await expect(page).toHaveURL(/anomalies=open/);
  await page.reload();
  await expect(section.getByLabel("Episodes")).toHaveValue("open");
});

test("MON-1 without the permission episodes are refused", async ({ browser, baseURL }) => {
  const context = await browser.newContext({ baseURL });
  await newMember(context.request, "user");
  const input = encodeURIComponent(JSON.stringify({ json: {} }));
  const answer = await context.request.get(`/api/trpc/anomalies.list?input=${input}`);
  expect(answer.status()).toBe(403);
  await context.close();
});
