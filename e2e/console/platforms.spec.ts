import { expect, test } from "../support/fixtures.ts";
import { openWebhookPeer } from "../support/webhook-peer.ts";

test("a platform is connected, a stranger is paired, a message is answered, and the log shows all of it", async ({
  consolePage: page,
  newClient,
}) => {
  const peer = await openWebhookPeer();
  const client = await newClient();
  const channel = "e2e-hook";
  try {
    // Connect.
    await page.goto("/platforms");
    await page.getByRole("button", { name: "Connect platform" }).first().click();
    const sheet = page.getByRole("dialog");
    await sheet.getByLabel("Platform", { exact: true }).selectOption("Signed webhook");
    await sheet.getByLabel("Channel", { exact: true }).fill(channel);
    await sheet.getByLabel("Secret", { exact: true }).fill(peer.secret);
    await sheet.getByLabel("Reply secret", { exact: true }).fill(peer.replySecret);
    await sheet.getByLabel("Reply address", { exact: true }).fill(peer.replyUrl);
    await sheet.getByRole("button", { name: "Connect platform" }).click();
    await expect(page.getByText(`Platform ${channel} connected`)).toBeVisible();
    const connection = page.getByRole("row").filter({ hasText: channel });
    await expect(connection).toContainText("Connected");
    await expect(connection).toContainText("Database");

    // A secret is never shown again.
    await connection.getByRole("button").click();
    await expect(sheet).toContainText(`/hooks/${channel}`);
    await expect(sheet).toContainText("Secret, Reply secret");
    expect(await page.content()).not.toContain(peer.secret);
    await sheet.getByLabel("Conversation", { exact: true }).fill("somebody");
    await sheet.getByRole("button", { name: "Send test message" }).click();
    await expect(sheet.getByText("The platform took the message.")).toBeVisible();
    expect(await peer.reply(0)).not.toBe("");
    await page.keyboard.press("Escape");

    // A stranger gets a code and nothing else.
    expect(await peer.deliver(client, channel, "stranger-1", "/help")).toBe(202);
    const code = /\b[A-Z2-9]{8}\b/.exec(await peer.reply(1))?.[0] ?? "";
    expect(code).not.toBe("");
    await page.goto("/pairing");
    const waiting = page.getByRole("row").filter({ hasText: "stranger-1" });
    await expect(waiting).toContainText("“Ada of the tests”");
    await waiting.getByRole("button").click();
    await sheet.getByLabel("Code", { exact: true }).fill("WRONGCOD");
    await sheet.getByLabel("User", { exact: true }).fill("e2e-ada");
    await sheet.getByLabel("Role of a new user").selectOption("admin");
    await sheet.getByRole("button", { name: "Approve sender" }).click();
    await expect(sheet).toContainText("No open pairing request");
    await sheet.getByLabel("Code", { exact: true }).fill(code.toLowerCase());
    await sheet.getByRole("button", { name: "Approve sender" }).click();
    await expect(page.getByText(`stranger-1 on ${channel} is e2e-ada now`)).toBeVisible();
    const known = page.getByRole("region", { name: "Known senders" });
    await expect(known.getByRole("link", { name: "e2e-ada" })).toBeVisible();

    // From now on it is answered.
    expect(await peer.deliver(client, channel, "stranger-1", "/help")).toBe(202);
    expect(await peer.reply(2)).toContain("/help");
    await page.goto(`/deliveries?channel=${channel}`);
    const answered = page.getByRole("row").filter({ hasText: "Answered" });
    await expect(answered).toContainText("e2e-ada");
    await answered.getByRole("button").click();
    await expect(sheet.getByRole("row", { name: /sent 1/ })).toBeVisible();
    await expect(sheet.getByRole("link", { name: "Show on the record" })).toBeVisible();
    await page.keyboard.press("Escape");

    // A sender that is removed is a stranger again.
    await page.goto("/pairing");
    await known.getByRole("button", { name: `Remove stranger-1 on ${channel}` }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Remove sender" }).click();
    await expect(page.getByText(`stranger-1 on ${channel} is nobody's now`)).toBeVisible();

    // And a connection that is removed takes nothing any more.
    await page.goto(`/platforms?open=${channel}`);
    await sheet.getByRole("button", { name: "Remove connection" }).click();
    const question = page.getByRole("alertdialog");
    await question.getByLabel(`Type ${channel} to confirm`).fill(channel);
    await question.getByRole("button", { name: "Remove connection" }).click();
    await expect(page.getByText(`Connection ${channel} removed`)).toBeVisible();
    expect(await peer.deliver(client, channel, "stranger-1", "/help")).toBe(401);
  } finally {
    peer.close();
  }
});

test("what a platform needs is named when it is missing", async ({ consolePage: page }) => {
  await page.goto("/platforms?new");
  const sheet = page.getByRole("dialog");
  await sheet.getByLabel("Channel", { exact: true }).fill("e2e-slack");
  await sheet.getByLabel("Platform", { exact: true }).selectOption("Slack");
  await sheet.getByLabel("Bot token", { exact: true }).fill("xoxb-of-a-test");
  await sheet.getByRole("button", { name: "Connect platform" }).click();
  await expect(sheet.getByRole("alert")).toContainText("signingSecret");
});
