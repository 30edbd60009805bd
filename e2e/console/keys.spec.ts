import { expect, test } from "../support/fixtures.ts";
import { newMember } from "../support/members.ts";
import { openWebhookPeer } from "../support/webhook-peer.ts";

test("AUTH-12 a webhook secret is rotated: both are believed in the grace, and the old one is brought back", async ({
  consolePage: page,
  newClient,
}) => {
  const peer = await openWebhookPeer();
  const client = await newClient();
  const channel = "e2e-keys";
  try {
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

    await page.goto("/keys");
    const row = page.getByRole("row").filter({ hasText: `Webhook secret of ${channel}` });
    await expect(row).toBeVisible();
    await row.getByRole("button").click();
    await expect(sheet).toContainText(`channel:${channel}:secret`);
    await sheet.getByRole("button", { name: "Rotate key" }).click();
    const dialog = page.getByRole("dialog").filter({ hasText: "Keep the old value" });
    await expect(dialog.getByLabel("Make up a new secret for me")).toBeChecked();
    await dialog.getByLabel("Keep the old value").selectOption("1 hour");
    await dialog.getByRole("button", { name: "Rotate key" }).click();

    const once = page.getByRole("dialog").filter({ hasText: "Shown once" });
    const made = (await once.getByRole("group").innerText()).trim();
    expect(made).toMatch(/^whsec_/);
    await once.getByLabel(/I copied the secret/).check();
    await once.getByRole("button", { name: "Done" }).click();
    expect(await page.content()).not.toContain(made);
    await expect(sheet).toContainText("Old value kept");
    await expect(sheet).toContainText("Rotated");

    // Both secrets prove a delivery, any other does not.
    await expect.poll(() => peer.deliver(client, channel, "sender-1", "/help", made)).toBe(202);
    expect(await peer.deliver(client, channel, "sender-1", "/help")).toBe(202);
    expect(await peer.deliver(client, channel, "sender-1", "/help", `whsec_${"A".repeat(43)}=`)).toBe(401);

    await sheet.getByRole("button", { name: "Bring back the old value" }).click();
    await expect(page.getByText(/has its old value again/)).toBeVisible();
    await expect.poll(() => peer.deliver(client, channel, "sender-1", "/help", made)).toBe(401);
    expect(await peer.deliver(client, channel, "sender-1", "/help")).toBe(202);
  } finally {
    peer.close();
  }
});

test("AUTH-12 who may only read sees ages and no way to rotate; who may not is refused", async ({
  browser,
  baseURL,
}) => {
  const context = await browser.newContext(baseURL === undefined ? {} : { baseURL });
  try {
    await newMember(context.request, "user");
    const answer = await context.request.post("/api/trpc/keys.rotate", {
      headers: { origin: baseURL ?? "" },
      data: { json: { keyId: "provider:openai", rotationId: "con_e2e" } },
    });
    expect(answer.status()).toBe(403);
    const page = await context.newPage();
    await page.goto("/keys");
    await expect(page.getByText("The keys could not be read")).toBeVisible();
    await expect(page.getByRole("navigation").getByRole("link", { name: "Keys" })).toHaveCount(0);
  } finally {
    await context.close();
  }
});
