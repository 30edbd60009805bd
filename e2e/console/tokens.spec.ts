import type { Page } from "@playwright/test";
import { openclaw } from "../support/cli.ts";
import { expect, test } from "../support/fixtures.ts";
import { callApi } from "../../tests/support/api-client.ts";

interface Issued {
  id: string;
  token: string;
}

let maker: Promise<Issued> | undefined;

/** The token that makes the others, of an owner of its own: the command line is asked once only. */
async function makerHeaders(): Promise<{ authorization: string }> {
  maker ??= openclaw<Issued>("gateway", "generate-token", "--name", "maker", "--role", "admin", "--owner", "e2e-maker");
  return { authorization: `Bearer ${(await maker).token}` };
}

/** For an owner that no other test uses, so that none takes another's places. */
async function mint(page: Page, name: string, owner: string): Promise<Issued> {
  const answer = await page.request.post("/api/v1/tokens", {
    headers: await makerHeaders(),
    data: { name, role: "admin", owner, expiresInSeconds: 3600 },
  });
  expect(answer.status(), await answer.text()).toBe(201);
  return (await answer.json()) as Issued;
}

/** From an address of this file's own: wrong tokens of other tests slow nobody down there. */
const whoami = async (page: Page, token: string): Promise<number> =>
  (await callApi(new URL(page.url()).origin, "/api/v1/whoami", { token, from: "127.0.9.1" })).status;

/** Takes the secret of the dialog that shows it, and leaves the dialog as a person would. */
async function takeSecret(page: Page, title: string): Promise<string> {
  const dialog = page.getByRole("dialog", { name: title });
  const secret = (await dialog.getByRole("group", { name: "Shown once: copy the token now" }).textContent()) ?? "";
  await page.keyboard.press("Escape");
  await expect(dialog).toBeVisible();
  await expect(dialog.getByRole("button", { name: "Done" })).toBeDisabled();
  await dialog.getByRole("checkbox").check();
  await dialog.getByRole("button", { name: "Done" }).click();
  await expect(dialog).toBeHidden();
  return secret;
}

test("AUTH-1 AUTH-2 a token is made, shown once, used, rotated with a grace and revoked", async ({
  consolePage: page,
}) => {
  await page.goto("/tokens");
  await page.getByRole("button", { name: "Create token" }).first().click();
  const sheet = page.getByRole("dialog", { name: "Create token" });
  await sheet.getByRole("button", { name: "Create token" }).click();
  await expect(sheet.getByText("Choose a role.")).toBeVisible();
  await sheet.getByLabel("Name").fill("e2e life");
  await sheet.getByLabel("Role", { exact: true }).selectOption("admin");
  await sheet.getByRole("textbox", { name: "Owner" }).fill("e2e-life");
  await expect(sheet.getByText("0 of 5 of this owner’s tokens")).toBeVisible();
  await sheet.getByRole("button", { name: "Create token" }).click();
  const first = await takeSecret(page, "Token created");
  expect(await whoami(page, first)).toBe(200);
  await expect(page.locator("body")).not.toContainText(first);

  await page.goto("/tokens?owner=e2e-life");
  const row = page.getByRole("row").filter({ hasText: "e2e life" });
  await expect(row).toContainText("Active");
  await row.getByRole("button", { name: "e2e life" }).click();
  await page.getByRole("button", { name: "Rotate token" }).click();
  const rotation = page.getByRole("dialog", { name: "Rotate token" });
  await rotation.getByRole("radio", { name: "15 minutes" }).check();
  await rotation.getByRole("button", { name: "Rotate token" }).click();
  const second = await takeSecret(page, "Token rotated");
  expect(await whoami(page, second)).toBe(200);
  expect(await whoami(page, first)).toBe(200);
  await expect(page.getByRole("heading", { name: "Line of this token" })).toBeVisible();

  await page.goto(`/tokens?owner=e2e-life&open=${second.split("_")[1] ?? ""}`);
  await page.getByRole("button", { name: "Revoke token" }).click();
  const question = page.getByRole("alertdialog");
  await expect(question.getByRole("button", { name: "Revoke token" })).toBeDisabled();
  await question.getByLabel("Type e2e life to confirm").fill("e2e life");
  await question.getByRole("button", { name: "Revoke token" }).click();
  await expect(page.getByText("Token e2e life revoked")).toBeVisible();
  await expect.poll(() => whoami(page, second)).toBe(401);
  expect(await whoami(page, first)).toBe(200);
});

test("AUTH-3 the list is searched and filtered in the address, and a pasted token leaves only its id there", async ({
  consolePage: page,
}) => {
  const { id, token } = await mint(page, "e2e needle", "e2e-search");
  await mint(page, "e2e other", "e2e-search");
  await page.goto("/tokens?owner=e2e-search");
  await expect(page.getByRole("row")).toHaveCount(3);
  const search = page.getByRole("searchbox", { name: "Search tokens" });
  await search.fill(token);
  await search.press("Enter");
  await expect(page).toHaveURL(new RegExp(`q=${id}(&|$)`));
  expect(page.url()).not.toContain(token.slice(17));
  await expect(page.getByRole("row")).toHaveCount(2);
  await page.getByRole("combobox", { name: "State" }).selectOption("revoked");
  await expect(page.getByText("No tokens match the filters")).toBeVisible();
  await page.goBack();
  await page.goto("/tokens?owner=e2e-search&q=no-such-token");
  await page.getByRole("button", { name: "Clear filters" }).last().click();
  await expect(page.getByRole("row").filter({ hasText: "e2e needle" })).toBeVisible();
});

test("AUTH-2 several are revoked at once, and the question says which are skipped", async ({ consolePage: page }) => {
  const one = await mint(page, "e2e one", "e2e-bulk");
  const two = await mint(page, "e2e two", "e2e-bulk");
  const gone = await mint(page, "e2e gone", "e2e-bulk");
  await page.request.delete(`/api/v1/tokens/${gone.id}`, { headers: await makerHeaders() });
  await page.goto("/tokens?owner=e2e-bulk&state=all");
  for (const { id } of [one, two, gone]) {
    await page.getByRole("checkbox", { name: id }).check();
  }
  await page.getByRole("button", { name: "Revoke selected" }).click();
  const question = page.getByRole("alertdialog", { name: "Revoke 2 tokens?" });
  await expect(question).toContainText("Skipped, because ended already: e2e gone.");
  await question.getByRole("textbox").fill("revoke 2");
  await question.getByRole("button", { name: "Revoke 2 tokens" }).click();
  await expect(page.getByText("2 tokens revoked")).toBeVisible();
  await expect.poll(() => whoami(page, one.token)).toBe(401);
  expect(await whoami(page, two.token)).toBe(401);
});

test("AUTHZ-6 a token is narrowed to listed models; a bad entry is named at its field, and the sheet shows the list", async ({
  consolePage: page,
}) => {
  await page.goto("/tokens");
  await page.getByRole("button", { name: "Create token" }).first().click();
  const sheet = page.getByRole("dialog", { name: "Create token" });
  await sheet.getByLabel("Name").fill("e2e models");
  await sheet.getByLabel("Role", { exact: true }).selectOption("admin");
  await sheet.getByRole("textbox", { name: "Owner" }).fill("e2e-models");
  await sheet.getByRole("radio", { name: "Only those listed here" }).check();
  await expect(sheet.getByText("The list is empty: the token may call no model.")).toBeVisible();
  const models = sheet.getByRole("combobox", { name: "Listed models" });
  await models.fill("gpt-5-mini");
  await models.press("Enter");
  await sheet.getByRole("button", { name: "Create token" }).click();
  await expect(sheet.getByText(/must be "provider\/model"/)).toBeVisible();
  await models.press("Backspace");
  await models.fill("openai/gpt-5-mini, local/*");
  await models.press("Enter");
  await sheet.getByRole("button", { name: "Create token" }).click();
  const token = await takeSecret(page, "Token created");
  const { body } = await callApi(new URL(page.url()).origin, "/api/v1/whoami", { token, from: "127.0.9.1" });
  expect(body?.["models"]).toEqual(["openai/gpt-5-mini", "local/*"]);

  await page.goto(`/tokens?owner=e2e-models&open=${token.split("_")[1] ?? ""}`);
  await expect(page.getByRole("dialog", { name: "e2e models" })).toContainText("openai/gpt-5-mini, local/*");
});
