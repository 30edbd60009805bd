/** What the adapters say to their platforms, which behave as documented: threads, limits, waits, edits, files, probes. */
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { startFakeDiscord, type FakeDiscord } from "../../../tests/support/fake-discord.ts";
import { startFakeSlack, type FakeSlack } from "../../../tests/support/fake-slack.ts";
import { startFakeWhatsapp, type FakeWhatsapp } from "../../../tests/support/fake-whatsapp.ts";
import type { ChannelAdapter, ResolvedConnection } from "#server/channels/adapter.ts";
import { createAdapter } from "#server/channels/adapters/index.ts";
import { channelHttp } from "#server/channels/http.ts";
import type { InboundAttachment, ReplyTarget } from "#server/channels/schema.ts";
import { openOutgoing } from "#server/core/net/outgoing.ts";

const outgoing = openOutgoing({ allowsPrivate: (host) => host === "127.0.0.1" });
const http = channelHttp(outgoing.dispatcher);
afterAll(() => outgoing.close());

const target = (given: Partial<ReplyTarget>): ReplyTarget => ({
  conversationId: "",
  threadId: null,
  messageId: null,
  replyHandle: null,
  isDirect: false,
  handleSince: Date.now(),
  ...given,
});
const file = (reference: string, more: Partial<InboundAttachment> = {}): InboundAttachment => ({
  reference,
  name: "a.txt",
  bytes: null,
  mediaType: null,
  ...more,
});

describe("Slack", () => {
  let platform: FakeSlack;
  let slack: ChannelAdapter;
  const connection = (): ResolvedConnection => ({
    channel: "team",
    type: "slack",
    signingSecret: platform.signingSecret,
    botToken: platform.botToken,
    apiBase: platform.apiBase,
  });
  const send = (given: Partial<ReplyTarget>, text = "hello") => slack.send(http, target(given), text, "r1");
  beforeEach(async () => {
    platform = await startFakeSlack();
    slack = createAdapter(connection());
  });
  afterEach(() => platform.close());

  it("answers in the thread, or opens one in a channel, or none where two talk", async () => {
    await send({ conversationId: "C0TOWN", messageId: "1.1", threadId: "0.9" });
    await send({ conversationId: "C0TOWN", messageId: "1.1" });
    await send({ conversationId: "D0ALICE", messageId: "1.1", isDirect: true });
    expect(platform.messages.map(({ thread }) => thread)).toEqual(["0.9", "1.1", null]);
  });

  it("PromptArmor link preview: addresses are not looked at, and nothing in a text is markup", async () => {
    const text = "<!channel> <@U1> <https://evil.example/?k=1|click> & https://evil.example/?k=2";
    const sent = await send({ conversationId: "C0TOWN" }, text);
    const [message] = platform.messages;
    expect(message?.text).toBe(
      "&lt;!channel&gt; &lt;@U1&gt; &lt;https://evil.example/?k=1|click&gt; &amp; https://evil.example/?k=2",
    );
    expect(message?.unfurls).toBe(false);
    expect(sent).toEqual({ ok: true, platformMessageId: message?.ts });
  });

  it("edits what it said", async () => {
    const sent = await send({ conversationId: "C0TOWN" }, "working");
    const ts = sent.ok ? (sent.platformMessageId ?? "") : "";
    expect(await slack.edit?.(http, target({ conversationId: "C0TOWN" }), ts, "done")).toEqual({
      ok: true,
      platformMessageId: ts,
    });
    expect(platform.messages).toMatchObject([{ text: "done", edits: 1 }]);
    expect(await slack.edit?.(http, target({ conversationId: "C0TOWN" }), "9.9", "x")).toMatchObject({
      ok: false,
      retry: false,
      reason: "Slack refused: message_not_found",
    });
  });

  it("where the bot may not write, the sender alone is told; elsewhere the response address is not used", async () => {
    platform.absentFrom.add("C0TOWN");
    const replyHandle = `${platform.origin}/commands/abc`;
    expect(await send({ conversationId: "C0TOWN", replyHandle })).toEqual({ ok: true, platformMessageId: null });
    expect(platform.responses).toEqual([{ url: replyHandle, text: "hello", responseType: "ephemeral" }]);
    await send({ conversationId: "C0OTHER", replyHandle });
    expect(platform.responses).toHaveLength(1);
    expect(await send({ conversationId: "C0TOWN" })).toMatchObject({ ok: false, retry: false });
  });

  it("a response address that is over is not called, and the reason says so; the sixth answer is refused by Slack", async () => {
    platform.absentFrom.add("C0TOWN");
    const replyHandle = `${platform.origin}/commands/abc`;
    const over = { conversationId: "C0TOWN", replyHandle, handleSince: Date.now() - 30 * 60_000 };
    expect(await send(over)).toEqual({
      ok: false,
      retry: false,
      retryAfterMs: null,
      reason: "Slack refused: not_in_channel; the response address of the command was good for 30 minutes",
    });
    expect(platform.responses).toEqual([]);
    // Where the bot may write, the age of the address does not matter.
    expect(await send({ ...over, conversationId: "C0OTHER", threadId: "1.1" })).toMatchObject({ ok: true });
    expect(platform.messages).toMatchObject([{ channel: "C0OTHER", thread: "1.1" }]);
    const young = { ...over, handleSince: Date.now() - 29 * 60_000 };
    for (let part = 1; part <= 5; part += 1) {
      expect(await send(young)).toMatchObject({ ok: true });
    }
    expect(await send(young)).toMatchObject({
      ok: false,
      retry: false,
      reason: "Slack's response address answered HTTP 404: it takes five messages within 30 minutes",
    });
  });

  it("CVE-2026-28467 SSRF: a response address elsewhere is never called, and no token goes there", async () => {
    const other = await startFakeSlack();
    platform.absentFrom.add("C0TOWN");
    const replyHandle = `${other.origin}/commands/abc`;
    expect(await send({ conversationId: "C0TOWN", replyHandle })).toMatchObject({ ok: false });
    await expect(slack.fetchAttachment?.(http, file(`${other.origin}/files-pri/a`), 10)).rejects.toThrow(
      "it is not kept by Slack",
    );
    expect(other.requests).toEqual([]);
    await other.close();
  });

  it("waits as long as it is asked to", async () => {
    platform.misbehave({ status: 429, headers: { "retry-after": "30" }, body: { ok: false, error: "ratelimited" } });
    expect(await send({ conversationId: "C0TOWN" })).toMatchObject({ ok: false, retry: true, retryAfterMs: 30_000 });
    platform.misbehave({ status: 200, headers: { "retry-after": "7" }, body: { ok: false, error: "ratelimited" } });
    expect(await send({ conversationId: "C0TOWN" })).toMatchObject({ ok: false, retry: true, retryAfterMs: 7_000 });
  });

  it.each([
    [{ status: 200, body: { ok: false, error: "internal_error" } }, false, "Slack refused: internal_error"],
    [{ status: 200, body: { ok: false, error: "service_unavailable" } }, true, "Slack refused: service_unavailable"],
    [{ status: 200, body: { ok: false } }, false, "Slack refused: no reason given"],
    [{ status: 200, body: "no JSON of theirs" }, false, "Slack refused: no reason given"],
    [{ status: 503, body: {} }, true, "Slack answered HTTP 503"],
    [{ status: 504, body: {} }, false, "Slack answered HTTP 504"],
    [{ status: 302, headers: { location: "http://127.0.0.1:1/" }, body: {} }, false, "Slack answered HTTP 302"],
  ] as const)("after %o: again %s", async (reply, retry, reason) => {
    platform.misbehave(reply);
    expect(await send({ conversationId: "C0TOWN" })).toMatchObject({ ok: false, retry, reason });
    expect(platform.messages).toEqual([]);
  });

  it("a text at the limit of the adapter passes the platform's", async () => {
    const text = "&".repeat(slack.maxText / "&amp;".length);
    expect(slack.measure(text)).toBe(slack.maxText);
    expect(await send({ conversationId: "C0TOWN" }, text)).toMatchObject({ ok: true });
  });

  it("fetches a file with its token, up to the limit", async () => {
    platform.files.set("/files-pri/T1/a.txt", Buffer.from("0123456789"));
    const attachment = file(`${platform.origin}/files-pri/T1/a.txt`);
    expect(await slack.fetchAttachment?.(http, attachment, 10)).toEqual(Buffer.from("0123456789"));
    await expect(slack.fetchAttachment?.(http, attachment, 9)).rejects.toThrow("larger than 9 bytes");
    await expect(slack.fetchAttachment?.(http, { ...attachment, bytes: 11 }, 10)).rejects.toThrow("larger than 10");
    await expect(slack.fetchAttachment?.(http, file(`${platform.origin}/files-pri/T1/b.txt`), 10)).rejects.toThrow(
      "HTTP 404",
    );
  });

  it("proves its credentials", async () => {
    expect(await slack.probe(http)).toEqual({ ok: true, account: "gateway in Fake Workspace" });
    const stranger = createAdapter({ ...connection(), botToken: "xoxb-wrong" });
    expect(await stranger.probe(http)).toEqual({ ok: false, reason: "Slack refused: invalid_auth" });
  });
});

describe("WhatsApp", () => {
  let platform: FakeWhatsapp;
  let whatsapp: ChannelAdapter;
  const connection = (): ResolvedConnection => ({
    channel: "support",
    type: "whatsapp",
    appSecret: platform.appSecret,
    verifyToken: "v",
    accessToken: platform.accessToken,
    phoneNumberId: platform.phoneNumberId,
    apiBase: platform.apiBase,
  });
  const send = (given: Partial<ReplyTarget> = {}, text = "hello") =>
    whatsapp.send(http, target({ conversationId: "4915112345678", isDirect: true, ...given }), text, "r1");
  beforeEach(async () => {
    platform = await startFakeWhatsapp();
    whatsapp = createAdapter(connection());
  });
  afterEach(() => platform.close());

  it("quotes the message it answers and shows no preview (PromptArmor link preview)", async () => {
    const sent = await send({ messageId: "wamid.A=" }, "see https://evil.example/?k=1");
    expect(platform.messages).toMatchObject([{ to: "4915112345678", context: "wamid.A=", previews: false }]);
    expect(sent).toEqual({ ok: true, platformMessageId: platform.messages[0]?.id });
  });

  it("answers who shows no number", async () => {
    await send({ conversationId: "US.13491208655302741918" });
    expect(platform.requests[0]?.body).toMatchObject({ recipient: "US.13491208655302741918" });
    expect(platform.requests[0]?.body["to"]).toBeUndefined();
  });

  it.each([
    [130_429, 400, true, null, "too many messages of the number"],
    [131_056, 400, true, 6_000, "too many messages to this recipient"],
    [80_007, 400, true, null, "too many calls of the account"],
    [131_047, 400, false, null, "more than 24 hours have passed since the recipient wrote"],
    [190, 401, false, null, "the access token is not valid any more"],
    [131_000, 500, false, null, "error 131000"],
  ])("error %i (HTTP %i): again %s", async (code, status, retry, retryAfterMs, reason) => {
    const message = "to +4915112345678 with token EAAsecret";
    platform.misbehave({ status, body: { error: { code, message } } });
    const sent = await send();
    expect(sent).toMatchObject({ ok: false, retry, retryAfterMs });
    const said = sent.ok ? "" : sent.reason;
    expect(said).toContain(reason);
    expect(said).not.toMatch(/4915112345678|EAAsecret/);
  });

  it("waits as long as it is asked to; an outage without a code passes", async () => {
    platform.misbehave({ status: 429, headers: { "retry-after": "12" }, body: {} }, { status: 503, body: {} });
    expect(await send()).toMatchObject({ ok: false, retry: true, retryAfterMs: 12_000 });
    expect(await send()).toMatchObject({ ok: false, retry: true, retryAfterMs: null });
  });

  it("a text at the limit of the adapter passes the platform's; it has no edits", async () => {
    expect(await send({}, "😀".repeat(whatsapp.maxText / 2))).toMatchObject({ ok: true });
    expect(await send({}, "x".repeat(whatsapp.maxText))).toMatchObject({ ok: true });
    expect("edit" in whatsapp).toBe(false);
  });

  it("fetches media in two steps, and from the platform's own hosts alone", async () => {
    const other = await startFakeWhatsapp();
    platform.media.set("11", { content: Buffer.from("0123456789") });
    platform.media.set("12", { content: Buffer.from("x"), address: `${other.origin}/attachments/12` });
    expect(await whatsapp.fetchAttachment?.(http, file("11"), 10)).toEqual(Buffer.from("0123456789"));
    await expect(whatsapp.fetchAttachment?.(http, file("11"), 9)).rejects.toThrow("larger than 9 bytes");
    await expect(whatsapp.fetchAttachment?.(http, file("12"), 9)).rejects.toThrow("none of WhatsApp's");
    await expect(whatsapp.fetchAttachment?.(http, file("../me?x="), 9)).rejects.toThrow("error 100");
    expect(other.requests).toEqual([]);
    expect(platform.requests.at(-1)?.path).toBe("/v25.0/..%2Fme%3Fx%3D");
    await other.close();
  });

  it("proves its credentials", async () => {
    expect(await whatsapp.probe(http)).toEqual({ ok: true, account: "Fake Shop (+1 555-078-3881)" });
    const stranger = createAdapter({ ...connection(), accessToken: "wrong" });
    expect(await stranger.probe(http)).toMatchObject({ ok: false });
  });
});

describe("Discord", () => {
  let platform: FakeDiscord;
  let discord: ChannelAdapter;
  const connection = (): ResolvedConnection => ({
    channel: "guild",
    type: "discord",
    publicKey: platform.publicKey,
    applicationId: platform.applicationId,
    botToken: platform.botToken,
    apiBase: platform.apiBase,
  });
  const answering = (): ReplyTarget => {
    const { channel_id: conversationId = "", token } = platform.command("1", "help") as unknown as {
      channel_id: string;
      token: string;
    };
    return target({ conversationId, replyHandle: token });
  };
  const send = (to: ReplyTarget, text = "hello") => discord.send(http, to, text, "r1");
  beforeEach(async () => {
    platform = await startFakeDiscord();
    discord = createAdapter(connection());
  });
  afterEach(() => platform.close());

  it("answers by the interaction, without the bot's token, previews (PromptArmor link preview) or mentions", async () => {
    const to = answering();
    const sent = await send(to, "@everyone <@1> https://evil.example/?k=1");
    expect(platform.messages).toMatchObject([{ interaction: to.replyHandle, embeds: false, mentions: false }]);
    expect(platform.requests[0]?.headers.authorization).toBeUndefined();
    expect(sent).toEqual({ ok: true, platformMessageId: platform.messages[0]?.id });
  });

  it("writes as the bot when the interaction is over, and edits there too", async () => {
    const to = answering();
    const before = await send(to, "working");
    platform.expireTokens();
    expect(await send(to, "late")).toMatchObject({ ok: true });
    expect(platform.messages[1]).toMatchObject({ interaction: null, channel: to.conversationId, text: "late" });
    const id = before.ok ? (before.platformMessageId ?? "") : "";
    expect(await discord.edit?.(http, to, id, "done")).toEqual({ ok: true, platformMessageId: id });
    expect(platform.messages[0]).toMatchObject({ text: "done", edits: 1 });
  });

  it("takes back what is shown until an answer comes, once, without a word and without the bot's token", async () => {
    const to = answering();
    expect(platform.thinking.size).toBe(1);
    expect(await discord.withdraw?.(http, to)).toEqual({ ok: true, platformMessageId: null });
    expect(platform.thinking.size).toBe(0);
    expect(platform.requests.map(({ method }) => method)).toEqual(["GET", "DELETE"]);
    expect(platform.requests.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
    expect(await discord.withdraw?.(http, to)).toMatchObject({ ok: true });
    platform.misbehave({ status: 503, body: {} });
    expect(await discord.withdraw?.(http, to)).toMatchObject({ ok: false, reason: "Discord answered HTTP 503" });
    const before = platform.requests.length;
    expect(await discord.withdraw?.(http, { ...to, handleSince: Date.now() - 15 * 60_000 })).toMatchObject({
      ok: true,
    });
    expect(platform.requests).toHaveLength(before);
    expect(platform.messages).toEqual([]);
  });

  it("leaves an answer that has come", async () => {
    const to = answering();
    await send(to, "part one");
    expect(await discord.withdraw?.(http, to)).toMatchObject({ ok: true });
    expect(platform.messages).toMatchObject([{ text: "part one" }]);
    expect(platform.requests.map(({ method }) => method)).toEqual(["POST", "GET"]);
  });

  it("asks no interaction that is over by its age, and says so when the bot may not write either", async () => {
    const over = { ...answering(), handleSince: Date.now() - 15 * 60_000 };
    expect(await send(over, "late")).toMatchObject({ ok: true });
    expect(platform.messages).toMatchObject([{ interaction: null, channel: over.conversationId, text: "late" }]);
    expect(platform.requests.map(({ path }) => path)).toEqual([`/api/v10/channels/${over.conversationId}/messages`]);
    platform.misbehave({ status: 403, body: { message: "Missing Access", code: 50001 } });
    expect(await send(over)).toMatchObject({
      ok: false,
      retry: false,
      reason: "the interaction is over; as the bot: Discord answered HTTP 403, code 50001",
    });
    const young = { ...answering(), handleSince: Date.now() - 14 * 60_000 };
    await send(young);
    expect(platform.messages.at(-1)).toMatchObject({ interaction: young.replyHandle });
  });

  it("edits what it said", async () => {
    const to = answering();
    const sent = await send(to, "working");
    const id = sent.ok ? (sent.platformMessageId ?? "") : "";
    expect(await discord.edit?.(http, to, id, "done")).toMatchObject({ ok: true });
    expect(platform.messages).toMatchObject([{ text: "done", edits: 1 }]);
  });

  it("waits as long as it is asked to: by the body in fractions, else by the header", async () => {
    const to = answering();
    platform.misbehave(
      { status: 429, headers: { "retry-after": "1" }, body: { message: "slow", retry_after: 0.25, global: false } },
      { status: 429, headers: { "retry-after": "3" }, body: {} },
    );
    expect(await send(to)).toMatchObject({ ok: false, retry: true, retryAfterMs: 250 });
    expect(await send(to)).toMatchObject({ ok: false, retry: true, retryAfterMs: 3_000 });
  });

  it("the token of an interaction stands in no reason", async () => {
    const to = answering();
    platform.misbehave({ status: 400, body: { message: `bad ${to.replyHandle}`, code: 50035 } });
    const sent = await send(to);
    expect(sent).toMatchObject({ ok: false, retry: false, reason: "Discord answered HTTP 400, code 50035" });
  });

  it("a text at the limit of the adapter passes the platform's", async () => {
    expect(await send(answering(), "x".repeat(discord.maxText))).toMatchObject({ ok: true });
    expect(await send(answering(), "😀".repeat(discord.maxText / 2))).toMatchObject({ ok: true });
  });

  it("fetches a file from the platform's own hosts alone, without the bot's token", async () => {
    platform.files.set("/attachments/1/a.txt", Buffer.from("0123456789"));
    const attachment = file(`${platform.origin}/attachments/1/a.txt`);
    expect(await discord.fetchAttachment?.(http, attachment, 10)).toEqual(Buffer.from("0123456789"));
    expect(platform.requests[0]?.headers.authorization).toBeUndefined();
    await expect(
      discord.fetchAttachment?.(http, file("https://cdn.discordapp.com@evil.example/a"), 10),
    ).rejects.toThrow("it is not kept by Discord");
  });

  it("proves its credentials, and that the three belong together", async () => {
    expect(await discord.probe(http)).toEqual({ ok: true, account: "Fake App" });
    const probe = (more: Partial<ResolvedConnection>) => createAdapter({ ...connection(), ...more }).probe(http);
    expect(await probe({ botToken: "wrong" })).toMatchObject({
      ok: false,
      reason: "Discord answered HTTP 401, code 0",
    });
    const reasonOf = async (more: Partial<ResolvedConnection>): Promise<string> => {
      const probed = await probe(more);
      return probed.ok ? "" : probed.reason;
    };
    expect(await reasonOf({ applicationId: "1" })).toContain("another application");
    expect(await reasonOf({ publicKey: `${platform.publicKey.slice(0, -2)}11` })).toContain(
      "publicKey is not that of the application",
    );
  });
});
