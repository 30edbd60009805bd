import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { Webhook } from "standardwebhooks";
import { openclaw } from "../support/cli.ts";
import { expect, test } from "../support/fixtures.ts";

interface Told {
  type: string;
  data: { alerts: { rule: string; status: string; link: string }[] };
}

test("a contact point is tried, a rule is seen on past data, fires, is told, acknowledged and silenced", async ({
  consolePage: page,
  newClient,
  baseURL,
}) => {
  test.setTimeout(120_000);
  let secret = "";
  const told: Told[] = [];
  const faults: string[] = [];
  const receiver = createServer((request, response) => {
    void text(request).then((body) => {
      try {
        told.push(new Webhook(secret).verify(body, request.headers as Record<string, string>) as Told);
        response.writeHead(204).end();
      } catch (error) {
        faults.push(String(error));
        response.writeHead(401).end();
      }
    });
  });
  receiver.listen(0, "127.0.0.1");
  await once(receiver, "listening");
  const host = `127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  await openclaw("config", "set", "security.outbound.allowedPrivate", JSON.stringify([host]));
  const client = await newClient();
  const badToken = () => client.get("/api/v1/whoami", { headers: { authorization: "Bearer ocg_wrong" } });
  try {
    // A contact point, whose secret is shown once.
    await page.goto("/alerts?tab=points");
    await page.getByRole("button", { name: "New contact point" }).first().click();
    const sheet = page.getByRole("dialog");
    await sheet.getByLabel("Name", { exact: true }).fill("e2e receiver");
    await sheet.getByLabel("Address", { exact: true }).fill(`http://${host}/alerts`);
    await sheet.getByRole("button", { name: "Add contact point" }).click();
    const once1 = page.getByRole("dialog", { name: "Signing secret" });
    secret = (await once1.locator("code").textContent()) ?? "";
    expect(secret).toMatch(/^whsec_/);
    await once1.getByRole("checkbox").check();
    await once1.getByRole("button", { name: "Done" }).click();
    const point = page.getByRole("row").filter({ hasText: "e2e receiver" });
    await expect(point).toContainText("Ready");
    await point.getByRole("button").click();
    await sheet.getByRole("button", { name: "Send test" }).click();
    await expect(sheet.getByText("Sent", { exact: true })).toBeVisible();
    expect(told).toMatchObject([{ type: "alert.test" }]);
    expect(await page.content()).not.toContain(secret);
    await page.keyboard.press("Escape");

    // A rule that means nothing is refused; a good one shows when it would have fired.
    await badToken();
    await page.goto("/alerts?tab=rules");
    await page.getByRole("button", { name: "New rule" }).first().click();
    await sheet.getByLabel("Name", { exact: true }).fill("e2e rule");
    await sheet.getByLabel("Kinds").focus();
    await page.keyboard.press("Backspace");
    const events = sheet.getByRole("combobox", { name: "Events (optional)" });
    await events.fill("no.such_event");
    await events.press("Enter");
    await sheet.getByRole("button", { name: "Create rule" }).click();
    await expect(sheet.getByRole("alert")).toContainText('knows no event "no.such_event"');
    await events.focus();
    await page.keyboard.press("Backspace");
    await events.fill("auth.token_rejected");
    await events.press("Enter");
    await sheet.getByLabel("How many").fill("1");
    await sheet.getByLabel("Within (minutes)").fill("60");
    await expect(sheet.getByText(/It would have fired/)).toBeVisible();
    await sheet.getByRole("button", { name: "Create rule" }).click();
    await expect(page.getByText("Rule e2e rule created")).toBeVisible();

    // It fires, and is told.
    await badToken();
    await page.goto("/alerts");
    const firing = page.getByRole("row").filter({ hasText: "e2e rule" });
    await expect(firing).toContainText("Firing", { timeout: 30_000 });
    await expect.poll(() => told.some(({ type }) => type === "alert.firing"), { timeout: 30_000 }).toBe(true);
    const alert = told.flatMap(({ data }) => data.alerts).find(({ rule }) => rule === "e2e rule");
    expect(alert).toMatchObject({ status: "firing" });
    await page.goto(alert?.link.replace(/^https?:\/\/[^/]+/, baseURL ?? "") ?? "");
    await sheet.getByRole("button", { name: "Acknowledge" }).click();
    await expect(sheet.getByText("Firing, acknowledged")).toBeVisible();
    await expect(sheet.getByRole("row").filter({ hasText: "e2e receiver" }).first()).toContainText("Beginning");
    await page.keyboard.press("Escape");

    // A silence, the log, and the end.
    await page.goto("/alerts?tab=silences");
    await page.getByRole("button", { name: "New silence" }).first().click();
    await sheet.getByLabel("Rule", { exact: true }).selectOption("e2e rule");
    await sheet.getByLabel("Why").fill("browser test");
    await sheet.getByRole("button", { name: "Set silence" }).click();
    await expect(page.getByRole("row").filter({ hasText: "browser test" })).toContainText("Active");
    await page.getByRole("button", { name: /^End the silence of rule = e2e rule/ }).click();
    await expect(page.getByRole("row").filter({ hasText: "browser test" })).toContainText("Ended");
    await page.goto("/alerts?tab=log&state=sent");
    await expect(page.getByRole("row").filter({ hasText: "e2e rule" })).toContainText("Sent");
    expect(faults).toEqual([]);
    await page.goto("/alerts?tab=rules");
    await page.getByRole("row").filter({ hasText: "e2e rule" }).getByRole("button").click();
    await sheet.getByRole("button", { name: "Remove rule" }).click();
    const confirm = page.getByRole("alertdialog");
    await confirm.getByRole("textbox").fill("e2e rule");
    await confirm.getByRole("button", { name: "Remove rule" }).click();
    await expect(page.getByText("Rule e2e rule removed")).toBeVisible();
    await openclaw("config", "set", "security.outbound.allowedPrivate", "[]");
  } finally {
    receiver.close();
  }
});
