/** From the set-up link to a refused token, with the keyboard alone, on an installation where nobody was before. */
import { expect, test } from "../support/fixtures.ts";
import { keyboardOf } from "../support/keyboard.ts";
import { PASSWORD, totpCode } from "../support/members.ts";
import { startOwnProduct, type OwnProduct } from "../support/own-product.ts";

const TEXT = '/run python\nimport time\nprint("first line", flush=True)\ntime.sleep(18)\nprint("last line")';

let product: OwnProduct;

test.beforeAll(async ({ playwright }) => {
  test.setTimeout(120_000);
  const request = await playwright.request.newContext();
  product = await startOwnProduct(request);
  await request.dispose();
});
test.afterAll(() => product.stop());

test("AUTH-10 first administrator, second factor, role, token, a live run, its record, revoked, refused", async ({
  page,
  playwright,
}) => {
  test.setTimeout(180_000);
  const keys = keyboardOf(page);
  const button = (name: string, within: Pick<typeof page, "getByRole"> = page) =>
    within.getByRole("button", { name, exact: true });

  await test.step("the set-up link makes the first administrator", async () => {
    const { url } = await product.openclaw<{ url: string }>("console", "link");
    await page.goto(url);
    await keys.type(page.getByLabel("Your name"), "Ada Lovelace");
    await keys.type(page.getByLabel("E-mail"), "ada@example.com");
    await keys.type(page.getByLabel("Password", { exact: true }), PASSWORD);
    await page.keyboard.press("Enter");
    await expect(page).toHaveURL(/\/enrol/);
    await page.goto(`${product.origin}/overview`);
    await expect(page).toHaveURL(/\/enrol/);
  });

  await test.step("nothing is open before an authenticator is enrolled", async () => {
    await keys.press(button("Set up authenticator app"));
    await keys.type(page.getByLabel("Your password"), PASSWORD);
    await page.keyboard.press("Enter");
    const secret = await page.getByRole("group", { name: "Key" }).textContent();
    await keys.type(page.getByLabel("6-digit code"), totpCode(secret ?? ""));
    if (await button("Confirm code").isVisible()) {
      await page.keyboard.press("Enter");
    }
    await keys.press(page.getByRole("checkbox", { name: "I saved these codes" }), "Space");
    await keys.press(button("Finish"));
    await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();
  });

  await test.step("a role that may run code and nothing else", async () => {
    await page.keyboard.press("g");
    await page.keyboard.press("e");
    await keys.press(button("New role"));
    await keys.type(page.getByLabel("Name", { exact: true }), "runner");
    await keys.press(page.getByRole("checkbox", { name: "runs: create for role runner" }), "Space");
    await keys.type(page.getByLabel("Channels", { exact: true }), "api");
    await page.keyboard.press("Enter");
    await keys.type(page.getByLabel("Commands", { exact: true }), "run");
    await page.keyboard.press("Enter");
    await keys.press(button("Review changes"));
    await keys.press(button("Save role", page.getByRole("dialog")));
    await expect(page.getByRole("row").filter({ hasText: "runner" })).toContainText("runs:create");
  });

  const token = await test.step("a token of that role, shown once", async () => {
    await page.keyboard.press("g");
    await page.keyboard.press("t");
    await keys.press(button("Create token").first());
    const sheet = page.getByRole("dialog", { name: "Create token" });
    await keys.type(sheet.getByLabel("Name"), "first bot");
    await keys.type(sheet.getByLabel("Role", { exact: true }), "runner");
    await expect(sheet.getByLabel("Role", { exact: true })).toHaveValue("runner");
    await keys.press(button("Create token", sheet));
    const shown = page.getByRole("dialog", { name: "Token created" });
    const secret = await shown.getByRole("group", { name: "Shown once: copy the token now" }).textContent();
    await keys.press(shown.getByRole("checkbox"), "Space");
    await keys.press(button("Done", shown));
    await expect(page.getByRole("row").filter({ hasText: "first bot" })).toContainText("Active");
    return secret ?? "";
  });
  const tokenId = token.split("_")[1] ?? "";

  const api = await playwright.request.newContext({
    baseURL: product.origin,
    extraHTTPHeaders: { authorization: `Bearer ${token}`, prefer: "respond-async" },
  });
  const send = () => api.post("/api/v1/messages", { data: { channel: "api", user: "user123", text: TEXT } });

  await test.step("a run made with it is seen while it goes on", async () => {
    await page.keyboard.press("g");
    await page.keyboard.press("r");
    await expect(page.getByRole("heading", { level: 1, name: "Runs" })).toBeVisible();
    const answer = await send();
    expect(answer.status(), await answer.text()).toBe(202);
    const { runId } = (await answer.json()) as { runId: string };
    await keys.press(page.getByRole("row").filter({ hasText: runId }).getByRole("link"));
    const log = page.getByRole("log", { name: "Output of the run" });
    await expect(log).toContainText("first line");
    await expect(log).not.toContainText("last line");
    await expect(log).toContainText("last line", { timeout: 30_000 });
  });

  await test.step("the record has all of it", async () => {
    await page.keyboard.press("g");
    await page.keyboard.press("a");
    await keys.type(page.getByRole("combobox", { name: /^Search, for example/ }), `token:${tokenId}`);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Enter");
    const record = page.getByRole("region", { name: "Events of the record" });
    for (const text of [
      "user123 was let through with the command /run on api",
      "user123 started run",
      "ended (succeeded)",
    ]) {
      await expect(record).toContainText(text);
    }
  });

  await test.step("revoked, it is refused with the next request", async () => {
    await page.keyboard.press("g");
    await page.keyboard.press("t");
    await keys.press(page.getByRole("row").filter({ hasText: "first bot" }).getByRole("button", { name: "first bot" }));
    await keys.press(button("Revoke token"));
    const question = page.getByRole("alertdialog");
    await keys.type(question.getByLabel("Type first bot to confirm"), "first bot");
    await keys.press(button("Revoke token", question));
    await expect(page.getByText("Token first bot revoked")).toBeVisible();
    await expect.poll(async () => (await send()).status()).toBe(401);
    await api.dispose();
  });
});
