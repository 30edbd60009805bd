/**
 * Each platform against a running server, from its delivery to the reply it shows: valid, forged, stale, early, again, in
 * another spelling, at once, out of order, too large, too slow.
 */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { dripHook, postHook } from "../support/hook-post.ts";
import {
  ALL_PLATFORMS,
  startPlatforms,
  VERIFY_TOKEN,
  type HookPlatform,
  type Platforms,
} from "../support/hook-platforms.ts";

let platforms: Platforms;
const NONSENSE = '{"hello":"world"}';
const now = (): number => Math.floor(Date.now() / 1000);

beforeAll(async () => {
  platforms = await startPlatforms();
});
afterAll(() => platforms.stop());

describe.each(ALL_PLATFORMS)("%s", (name) => {
  let platform: HookPlatform;
  let url: string;
  const send = (message: ReturnType<HookPlatform["message"]>, from?: string) =>
    postHook(url, message.body, message.headers(), from);
  beforeAll(() => {
    platform = platforms.all[name];
    url = platforms.url(name);
  });

  it("a valid delivery is taken, answered once, and on record", async () => {
    const message = platform.message(platform.known, "/help");
    const { status, requestId } = await send(message);
    expect(status).toBe(platform.taken);
    expect(await platforms.ended(name, message.eventId)).toEqual({ state: "answered", reason: null });
    expect(platform.told(platform.known)).toEqual([expect.stringContaining("/help")]);
    const recorded = (await platforms.server.events(requestId)).map(({ event }) => event);
    expect(recorded).toEqual(
      expect.arrayContaining(["channel.delivery_accepted", "message.received", "channel.reply_sent"]),
    );
  });

  it("the same again, and twenty at once, are answered once", async () => {
    const message = platform.message(platform.known, "/help");
    const before = platform.told(platform.known).length;
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(message)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => platform.taken));
    await platforms.ended(name, message.eventId);
    const later = await send(message);
    expect(later.status).toBe(platform.taken);
    expect(await platforms.server.events(later.requestId)).toMatchObject([
      { event: "channel.delivery_repeated", reason: "duplicate" },
    ]);
    const last = platform.message(platform.known, "/help");
    await send(last);
    await platforms.ended(name, last.eventId);
    expect(platform.told(platform.known).length).toBe(before + 2);
    const rows = await platforms.server.sql("SELECT 1 FROM channel_delivery WHERE event_id = $1", [message.eventId]);
    expect(rows).toHaveLength(1);
  });

  it("the same in another spelling of its bytes, proven anew, is answered once", async () => {
    const message = platform.message(platform.known, "/help");
    const before = platform.told(platform.known).length;
    await send(message);
    await platforms.ended(name, message.eventId);
    const spelled = JSON.stringify(JSON.parse(message.body), null, 2).replace("help", "\\u0068elp");
    expect(spelled).not.toBe(message.body);
    const again = await postHook(url, spelled, message.headers(undefined, spelled));
    expect(again.status).toBe(platform.taken);
    expect(await platforms.server.events(again.requestId)).toMatchObject([
      { event: "channel.delivery_repeated", reason: "duplicate" },
    ]);
    const last = platform.message(platform.known, "/help");
    await send(last);
    await platforms.ended(name, last.eventId);
    expect(platform.told(platform.known).length).toBe(before + 2);
  });

  it("a stranger under a name that no store holds gets a code at the first attempt", async () => {
    const message = platform.message(platform.stranger, "/help", "na\0me \ud800");
    expect((await send(message)).status).toBe(platform.taken);
    expect(await platforms.ended(name, message.eventId)).toEqual({ state: "refused", reason: "sender_unknown" });
    expect(
      await platforms.server.sql("SELECT attempt FROM channel_delivery WHERE event_id = $1", [message.eventId]),
    ).toEqual([{ attempt: 1 }]);
    const [asked] = await platforms.server.sql<{ label: string | null }>(
      "SELECT label FROM pairing_request WHERE channel = $1 AND sender_id = $2",
      [name, platform.stranger],
    );
    // Slack's events hold no name.
    expect(asked?.label ?? "na\ufffdme \ufffd").toBe("na\ufffdme \ufffd");
    expect(asked).toBeDefined();
  });

  it("out of order is answered as it comes", async () => {
    const [first, second] = [platform.message(platform.known, "/help"), platform.message(platform.known, "/help")];
    await send(second);
    await send(first);
    expect((await platforms.ended(name, first.eventId)).state).toBe("answered");
    expect((await platforms.ended(name, second.eventId)).state).toBe("answered");
  });

  it.each<[string, (headers: Record<string, string>, signature: string) => Record<string, string>, string]>([
    ["no signature", (headers, signature) => without(headers, signature), "signature_missing"],
    [
      "one in capitals",
      (headers, signature) => changed(headers, signature, (text) => text.toUpperCase()),
      "signature_wrong",
    ],
    [
      "one in base64url",
      (headers, signature) => changed(headers, signature, (text) => platform.reencode(text)),
      "signature_wrong",
    ],
    [
      "one that is cut",
      (headers, signature) => changed(headers, signature, (text) => text.slice(0, -2)),
      "signature_wrong",
    ],
    ["one of something else", (headers, signature) => changed(headers, signature, flipped), "signature_wrong"],
  ])("forged: %s", async (_what, change, reason) => {
    const message = platform.message(platform.known, "/help");
    const posted = await postHook(
      url,
      message.body,
      change(message.headers(), platform.signature),
      platforms.newAddress(),
    );
    expect(posted.status).toBe(401);
    expect(await platforms.refusals(posted.requestId)).toEqual([reason]);
    expect(await stored(message.eventId)).toBe(0);
  });

  it("forged: other bytes, one of them, or one more", async ({ skip }) => {
    skip(!platform.signsBody, "a secret alone proves the delivery");
    const from = platforms.newAddress();
    const message = platform.message(platform.known, "/help");
    for (const body of [message.body.replace("help", "halp"), `${message.body} `, `\ufeff${message.body}`]) {
      expect((await postHook(url, body, message.headers(), from)).status).toBe(401);
    }
    expect(await stored(message.eventId)).toBe(0);
  });

  it("too large", async () => {
    const { headers } = platform.message(platform.known, "/help");
    const posted = await postHook(url, Buffer.alloc(platform.maxBody + 1, 32), headers());
    expect(posted.status).toBe(413);
    expect(await platforms.refusals(posted.requestId)).toEqual(["too_large"]);
  });

  it("proven, and nothing that the platform documents", async () => {
    const posted = await postHook(url, NONSENSE, platform.sign(NONSENSE));
    expect(posted.status).toBe(400);
    expect((await platforms.server.events(posted.requestId)).map(({ event }) => event)).toEqual([
      "channel.delivery_malformed",
    ]);
  });

  it("the platform's wish to wait is followed, and the reply comes once", async () => {
    const before = platform.told(platform.known).length;
    platform.fake.misbehave({ status: 429, headers: { "retry-after": "1" }, body: {} });
    const message = platform.message(platform.known, "/help");
    const started = performance.now();
    await send(message);
    expect((await platforms.ended(name, message.eventId)).state).toBe("answered");
    expect(performance.now() - started).toBeGreaterThan(950);
    expect(platform.told(platform.known).length).toBe(before + 1);
  });

  it("a reply of which nobody knows whether it arrived is not sent again, unless a repeat is known there: it has failed for all to see", async () => {
    const before = platform.told(platform.known).length;
    platform.fake.misbehave("cut");
    const message = platform.message(platform.known, "/help");
    const { requestId } = await send(message);
    const [answered, failed] = [
      { state: "answered", reason: null },
      { state: "failed", reason: "may_have_arrived" },
    ];
    expect(await platforms.ended(name, message.eventId)).toEqual(platform.knowsRepeats ? answered : failed);
    expect(platform.told(platform.known).length).toBe(platform.knowsRepeats ? before + 1 : before);
    const failures = (await platforms.server.events(requestId)).filter(
      ({ event }) => event === "channel.delivery_failed",
    );
    expect(failures).toHaveLength(platform.knowsRepeats ? 0 : 1);
  });
});

const stored = async (eventId: string): Promise<number> =>
  (await platforms.server.sql("SELECT 1 FROM channel_delivery WHERE event_id = $1", [eventId])).length;

const without = (headers: Record<string, string>, name: string): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([known]) => known !== name));

const changed = (
  headers: Record<string, string>,
  name: string,
  change: (text: string) => string,
): Record<string, string> => ({ ...headers, [name]: change(headers[name] ?? "") });

const flipped = (signature: string): string => `${signature.slice(0, -1)}${signature.endsWith("0") ? "1" : "0"}`;

describe.each(["slack", "discord", "webhook"] as const)("%s signs the time", (name) => {
  it("stale and from the future: refused, though it is signed", async () => {
    const platform = platforms.all[name];
    const from = platforms.newAddress();
    for (const at of [now() - 302, now() + 302]) {
      const message = platform.message(platform.known, "/help");
      const posted = await postHook(platforms.url(name), message.body, message.headers(at), from);
      expect(posted.status).toBe(401);
      expect(await platforms.refusals(posted.requestId)).toEqual(["timestamp_stale"]);
      expect(await stored(message.eventId)).toBe(0);
    }
  });
});

it("Telegram signs no time: an update from before the memory of repeats acts on nothing, though it is proven", async () => {
  const { telegram } = platforms.all;
  const before = telegram.told(telegram.known).length;
  const message = telegram.message(telegram.known, "/help");
  const body = message.body.replace(/"date":\d+/, `"date":${now() - 29 * 86_400 - 60}`);
  expect((await postHook(platforms.url("telegram"), body, message.headers())).status).toBe(200);
  expect(await platforms.ended("telegram", message.eventId)).toEqual({ state: "ignored", reason: "too_old" });
  expect(telegram.told(telegram.known).length).toBe(before);
});

it("a platform that does not answer holds up its own messages only", async () => {
  const { webhook } = platforms.all;
  const held = webhook.fake.hold();
  const asked = Array.from({ length: 30 }, (_, n) => {
    const message = webhook.message(webhook.known, "/help");
    // Conversations of their own, or they would wait for each other.
    const body = JSON.stringify({ sender: webhook.known, conversation: `held-${n}`, text: "/help" });
    return { ...message, body };
  });
  try {
    for (const { body, headers } of asked) {
      expect((await postHook(platforms.url("webhook"), body, headers(undefined, body))).status).toBe(202);
    }
    await expect.poll(() => held.waiting(), { timeout: 10_000 }).toBeGreaterThanOrEqual(12);
    for (const name of ["slack", "telegram"] as const) {
      const message = platforms.all[name].message(platforms.all[name].known, "/help");
      await postHook(platforms.url(name), message.body, message.headers());
      expect((await platforms.ended(name, message.eventId)).state).toBe("answered");
    }
    // Not one of them had to be given up for it.
    expect(held.waiting()).toBe(12);
  } finally {
    held.release();
  }
  for (const { eventId } of asked) {
    expect(await platforms.ended("webhook", eventId)).toEqual({ state: "answered", reason: null });
  }
}, 60_000);

it("bodies that come a byte at a time end after a while, on all platforms", async () => {
  const lines = await Promise.all(
    ALL_PLATFORMS.map((name) => {
      const platform = platforms.all[name];
      const message = platform.message(platform.known, "/help");
      return dripHook(platforms.url(name), message.headers());
    }),
  );
  expect(lines).toEqual(lines.map(() => expect.stringMatching(/^HTTP\/1\.1 408 /) as string));
}, 30_000);

describe("Slack", () => {
  it("the challenge of a new address is repeated to who can sign it", async () => {
    const body = JSON.stringify({
      type: "url_verification",
      token: "x",
      challenge: "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmd",
    });
    const signed = await postHook(platforms.url("slack"), body, platforms.slack.sign(body));
    expect(signed).toMatchObject({ status: 200, text: "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmd" });
    const forged = { ...platforms.slack.sign(body), "x-slack-signature": `v0=${"0".repeat(64)}` };
    const refused = await postHook(platforms.url("slack"), body, forged, platforms.newAddress());
    expect(refused.status).toBe(401);
    expect(refused.text).not.toContain("3eZbrw1aBm2rZgRNFdxV2595E9CY3gmd");
  });

  it("a mention is answered in its thread, and people among themselves are not listened to", async () => {
    const { slack } = platforms;
    const ts = `${now()}.000100`;
    const event = { channel: "C0TOWN", user: "U0ALICE", text: `<@${slack.botUserId}> /help`, ts };
    await slack.event(platforms.url("slack"), { ...event, type: "app_mention" }, "EvMention");
    await slack.event(platforms.url("slack"), { ...event, type: "message", channel_type: "channel" }, "EvOverheard");
    expect((await platforms.ended("slack", "EvMention")).state).toBe("answered");
    expect(await stored("EvOverheard")).toBe(0);
    expect(slack.messages.filter(({ channel }) => channel === "C0TOWN")).toMatchObject([
      { thread: ts, unfurls: false },
    ]);
  });

  it("a retry with Slack's headers is the same event", async () => {
    const { slack } = platforms;
    const message = platforms.all.slack.message("U0ALICE", "/help");
    const before = platforms.all.slack.told("U0ALICE").length;
    await postHook(platforms.url("slack"), message.body, message.headers());
    const again = { ...message.headers(now() + 1), "x-slack-retry-num": "1", "x-slack-retry-reason": "http_timeout" };
    expect((await postHook(platforms.url("slack"), message.body, again)).status).toBe(200);
    await platforms.ended("slack", message.eventId);
    await vi.waitFor(() => expect(platforms.all.slack.told("U0ALICE").length).toBe(before + 1));
    expect(slack.requests.length).toBeGreaterThan(0);
  });

  it("a slash command is answered where it was typed, or to its sender alone where the bot is not", async () => {
    const { slack } = platforms;
    const url = platforms.url("slack");
    await slack.command(url, { command: "/help", trigger_id: "trigger.1", channel_id: "C0HALL" });
    expect((await platforms.ended("slack", "trigger.1")).state).toBe("answered");
    expect(slack.messages.filter(({ channel }) => channel === "C0HALL")).toHaveLength(1);
    slack.absentFrom.add("C0AWAY");
    await slack.command(url, { command: "/help", trigger_id: "trigger.2", channel_id: "C0AWAY" });
    expect((await platforms.ended("slack", "trigger.2")).state).toBe("answered");
    expect(slack.responses).toMatchObject([
      { responseType: "ephemeral", text: expect.stringContaining("/help") as string },
    ]);
  });
});

describe("WhatsApp", () => {
  it("proves the address to who knows the token, and to nobody else", async () => {
    const url = platforms.url("whatsapp");
    const proven = await platforms.whatsapp.prove(url, VERIFY_TOKEN);
    expect(proven).toMatchObject({ status: 200, text: proven.challenge });
    const refused = await platforms.whatsapp.prove(url, "guess");
    expect(refused.status).toBe(401);
    expect(refused.text).not.toContain(refused.challenge);
  });

  it("a delivery from before the memory of repeats acts on nothing, though it is signed", async () => {
    const { whatsapp, all } = platforms;
    const before = all.whatsapp.told(all.whatsapp.known).length;
    const old = whatsapp.text(all.whatsapp.known, "/help", { timestamp: String(now() - 29 * 86_400 - 60) });
    const recent = whatsapp.text(all.whatsapp.known, "/help", { timestamp: String(now() - 7 * 86_400) });
    await whatsapp.deliver(platforms.url("whatsapp"), [old, recent]);
    expect(await platforms.ended("whatsapp", old.id)).toEqual({ state: "ignored", reason: "too_old" });
    expect((await platforms.ended("whatsapp", recent.id)).state).toBe("answered");
    expect(all.whatsapp.told(all.whatsapp.known).length).toBe(before + 1);
  });

  it("every message of a batch is answered, to its own sender; a report on a message is not one", async () => {
    const { whatsapp, all } = platforms;
    const [one, two] = [whatsapp.text(all.whatsapp.known, "/help"), whatsapp.text(all.whatsapp.stranger, "/help")];
    const before = all.whatsapp.told(all.whatsapp.known).length;
    const statuses = [{ id: "wamid.status", status: "read", timestamp: "1", recipient_id: all.whatsapp.known }];
    await whatsapp.deliver(platforms.url("whatsapp"), [one, two], { statuses });
    expect((await platforms.ended("whatsapp", one.id)).state).toBe("answered");
    expect(await platforms.ended("whatsapp", two.id)).toEqual({ state: "refused", reason: "sender_unknown" });
    expect(all.whatsapp.told(all.whatsapp.known).length).toBe(before + 1);
    expect(whatsapp.messages.at(-1)?.previews).toBe(false);
    expect(await stored("wamid.status")).toBe(0);
  });
});

describe("Discord", () => {
  it("PING is answered with PONG, and a bad signature with 401, as Discord tries when the address is entered", async () => {
    const { discord } = platforms;
    const ping = { id: "1", application_id: discord.applicationId, type: 1, token: "t", version: 1 };
    expect(await discord.interact(platforms.url("discord"), ping)).toMatchObject({ status: 200, text: '{"type":1}' });
    const body = JSON.stringify(ping);
    const forged = { ...discord.sign(body), "x-signature-ed25519": "0".repeat(128) };
    expect((await postHook(platforms.url("discord"), body, forged, platforms.newAddress())).status).toBe(401);
  });

  it("a command is deferred at once and answered by its interaction, or by the bot when that is over", async () => {
    const { discord } = platforms;
    const known = platforms.all.discord.known;
    const command = discord.command(known, "help");
    expect(await discord.interact(platforms.url("discord"), command)).toMatchObject({
      status: 200,
      text: '{"type":5}',
    });
    expect((await platforms.ended("discord", command.id)).state).toBe("answered");
    expect(discord.messages.filter(({ interaction }) => interaction === command.token)).toMatchObject([
      { embeds: false, mentions: false },
    ]);
    const late = discord.command(known, "help");
    discord.expireTokens();
    await discord.interact(platforms.url("discord"), late);
    expect((await platforms.ended("discord", late.id)).state).toBe("answered");
    expect(discord.messages.at(-1)).toMatchObject({ interaction: null, channel: late.channel.id });
  });
});
