import { createHmac } from "node:crypto";
import fc from "fast-check";
import type { AppMentionEvent, GenericMessageEvent, MessageChangedEvent, ReactionAddedEvent } from "@slack/types";
import { describe, expect, it } from "vitest";
import { hookRequest } from "../../../tests/support/hook-request.ts";
import { InboundEvent } from "#server/channels/schema.ts";
import { createSlack } from "./slack.ts";

const NOW = 1_700_000_000_000;
const SECRET = "8f742231b10e8888abcd99yyyzzz85a5";
const connection = { channel: "team", type: "slack", signingSecret: SECRET, botToken: "xoxb-1" } as const;
const slack = createSlack(connection);

const mac = (timestamp: string, body: Buffer | string) =>
  `v0=${createHmac("sha256", SECRET).update(`v0:${timestamp}:`).update(body).digest("hex")}`;

function signed(body: string, seconds = NOW / 1000, change: (signature: string) => string = (same) => same) {
  const timestamp = String(seconds);
  return hookRequest({
    "x-slack-request-timestamp": timestamp,
    "x-slack-signature": change(mac(timestamp, body)),
  });
}

const read = (value: unknown) =>
  slack.read(hookRequest(), Buffer.from(typeof value === "string" ? value : JSON.stringify(value)));
const envelope = (event: unknown, eventId = "Ev0PV52K21") => ({
  token: "deprecated",
  team_id: "T061EG9R6",
  api_app_id: "A0PNCHHK2",
  type: "event_callback",
  event_id: eventId,
  event_time: 1_355_517_523,
  authorizations: [{ enterprise_id: null, team_id: "T061EG9R6", user_id: "U0LAN0Z89", is_bot: true }],
  event,
});
const events = (value: unknown) => {
  const reading = read(value);
  return reading.kind === "events" ? reading.events : reading;
};

const direct: GenericMessageEvent = {
  type: "message",
  subtype: undefined,
  event_ts: "1355517523.000005",
  channel: "D024BE91L",
  channel_type: "im",
  user: "U2147483697",
  text: "Hello &amp; good &lt;day&gt;",
  ts: "1355517523.000005",
};
const mention: AppMentionEvent = {
  type: "app_mention",
  user: "U061F7AUR",
  text: "<@U0LAN0Z89> /status",
  ts: "1515449522.000016",
  channel: "C123ABC456",
  event_ts: "1515449522000016",
};

describe("the signature", () => {
  it("the example of Slack's documentation", () => {
    const body =
      "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    const request = hookRequest({
      "x-slack-request-timestamp": "1531420618",
      "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    });
    expect(slack.verify(request, Buffer.from(body), 1_531_420_618_000)).toEqual({ ok: true });
    expect(events(body)).toMatchObject([
      {
        kind: "command",
        eventId: "398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c",
        senderId: "U2CERLKJA",
        senderName: "roadrunner",
        conversationId: "G8PSS9T3V",
        isDirect: false,
        text: "/webhook-collect",
        replyHandle: "https://hooks.slack.com/commands/T1DC2JH3J/397700885554/96rGlfmibIGlgcZRskXaIFfN",
      },
    ]);
  });

  it("five minutes either way, and no second more", () => {
    const verify = (seconds: number) => slack.verify(signed("{}", seconds), Buffer.from("{}"), NOW);
    expect(verify(NOW / 1000 - 300)).toEqual({ ok: true });
    expect(verify(NOW / 1000 + 300)).toEqual({ ok: true });
    expect(verify(NOW / 1000 - 301)).toEqual({ ok: false, reason: "timestamp_stale" });
    expect(verify(NOW / 1000 + 301)).toEqual({ ok: false, reason: "timestamp_stale" });
  });

  it("a fresh time over an old signature", () => {
    const old = String(NOW / 1000 - 600);
    const request = hookRequest({
      "x-slack-request-timestamp": String(NOW / 1000),
      "x-slack-signature": mac(old, "{}"),
    });
    expect(slack.verify(request, Buffer.from("{}"), NOW)).toEqual({ ok: false, reason: "signature_wrong" });
  });

  it.each<[string, (signature: string) => string]>([
    ["upper case", (text) => text.toUpperCase()],
    ["upper-case digits", (text) => `v0=${text.slice(3).toUpperCase()}`],
    ["base64", (text) => `v0=${Buffer.from(text.slice(3), "hex").toString("base64")}`],
    ["base64url", (text) => `v0=${Buffer.from(text.slice(3), "hex").toString("base64url")}`],
    ["another version", (text) => text.replace("v0", "v1")],
    ["no version", (text) => text.slice(3)],
    ["white space", (text) => `${text} `],
    ["cut", (text) => text.slice(0, -2)],
    ["longer", (text) => `${text}00`],
    ["of nothing", () => "v0="],
  ])("re-encoded: %s", (_name, change) => {
    const request = signed("{}", NOW / 1000, change);
    expect(slack.precheck(request)).toEqual({ ok: false, reason: "signature_wrong" });
    expect(slack.verify(request, Buffer.from("{}"), NOW)).toEqual({ ok: false, reason: "signature_wrong" });
  });

  it("missing and repeated headers", () => {
    const timestamp = String(NOW / 1000);
    const signature = mac(timestamp, "{}");
    const verify = (headers: Record<string, string | string[]>) =>
      slack.verify(hookRequest(headers), Buffer.from("{}"), NOW);
    expect(slack.precheck(hookRequest())).toEqual({ ok: false, reason: "signature_missing" });
    expect(verify({})).toEqual({ ok: false, reason: "signature_missing" });
    expect(verify({ "x-slack-signature": signature })).toEqual({ ok: false, reason: "timestamp_missing" });
    expect(verify({ "x-slack-signature": [signature, signature], "x-slack-request-timestamp": timestamp })).toEqual({
      ok: false,
      reason: "signature_wrong",
    });
    expect(verify({ "x-slack-signature": signature, "x-slack-request-timestamp": [timestamp, timestamp] })).toEqual({
      ok: false,
      reason: "timestamp_stale",
    });
  });

  it("any body that is not the signed one, byte for byte", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.uint8Array({ maxLength: 64 }), (one, other) => {
        const timestamp = String(NOW / 1000);
        const request = hookRequest({
          "x-slack-request-timestamp": timestamp,
          "x-slack-signature": mac(timestamp, Buffer.from(one)),
        });
        expect(slack.verify(request, Buffer.from(one), NOW)).toEqual({ ok: true });
        expect(slack.verify(request, Buffer.from(other), NOW)).toEqual(
          Buffer.from(one).equals(other) ? { ok: true } : { ok: false, reason: "signature_wrong" },
        );
      }),
    );
  });

  it.each(["signingSecret", "botToken"] as const)("a blank %s: no adapter at all", (key) => {
    for (const value of [undefined, "", " \n"]) {
      expect(() => createSlack({ ...connection, [key]: value })).toThrow(`channels.team.connection.${key} is blank`);
    }
  });
});

describe("what is read", () => {
  it("the challenge of a new address", () => {
    expect(
      read({ token: "x", challenge: "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P", type: "url_verification" }),
    ).toEqual({
      kind: "challenge",
      answer: {
        status: 200,
        contentType: "text/plain; charset=utf-8",
        body: "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P",
      },
    });
  });

  it("a direct message, unescaped", () => {
    expect(events(envelope(direct))).toEqual([
      {
        kind: "message",
        eventId: "Ev0PV52K21",
        senderId: "U2147483697",
        senderName: null,
        isBot: false,
        conversationId: "D024BE91L",
        isDirect: true,
        threadId: null,
        messageId: "1355517523.000005",
        text: "Hello & good <day>",
        attachments: [],
        sentAt: 1_355_517_523_000,
        replyHandle: null,
      },
    ]);
  });

  it("a mention in a channel, without the app's name, in its thread", () => {
    expect(events(envelope({ ...mention, thread_ts: "1515449000.000001" }))).toMatchObject([
      { kind: "command", text: "/status", isDirect: false, threadId: "1515449000.000001", messageId: mention.ts },
    ]);
    expect(events(envelope({ ...mention, text: "<@U0LAN0Z89>, hello <@U0LAN0Z89>" }))).toMatchObject([
      { kind: "message", text: "hello <@U0LAN0Z89>" },
    ]);
    expect(events(envelope({ ...mention, text: "<@U0OTHER01> ask <@U0LAN0Z89>" }))).toMatchObject([
      { text: "<@U0OTHER01> ask <@U0LAN0Z89>" },
    ]);
  });

  it("links as they were written", () => {
    const text =
      "see <http://example.com|example.com>, <https://example.com/a?b=1&amp;c=2>, <https://evil.example|https://bank.example> &lt;!channel&gt;";
    expect(events(envelope({ ...direct, text }))).toMatchObject([
      {
        text: "see example.com, https://example.com/a?b=1&c=2, https://bank.example (https://evil.example) <!channel>",
      },
    ]);
  });

  it("a file", () => {
    const file = {
      id: "F1",
      name: "notes.txt",
      mimetype: "text/plain",
      size: 12,
      url_private: "https://files.slack.com/files-pri/T-F/notes.txt",
      url_private_download: "https://files.slack.com/files-pri/T-F/download/notes.txt",
    };
    expect(
      events(envelope({ ...direct, subtype: "file_share", files: [file, null, "x", { id: "F2" }] })),
    ).toMatchObject([
      {
        kind: "message",
        attachments: [{ reference: file.url_private_download, name: "notes.txt", bytes: 12, mediaType: "text/plain" }],
      },
    ]);
  });

  it("GHSA-9vvh edits and reactions are told, and hold nothing to act on", () => {
    const changed: MessageChangedEvent = {
      type: "message",
      subtype: "message_changed",
      event_ts: "1",
      hidden: true,
      channel: "D024BE91L",
      channel_type: "im",
      ts: "1358878755.000001",
      message: { ...direct, text: "/run sh id" },
      previous_message: direct,
    };
    const reaction: ReactionAddedEvent = {
      type: "reaction_added",
      user: "U024BE7LH",
      reaction: "thumbsup",
      item_user: "U0G9QF9C6",
      item: { type: "message", channel: "C0G9QF9GZ", ts: "1360782400.498405" },
      event_ts: "1360782804.083113",
    };
    expect(events(envelope(changed))).toMatchObject([{ kind: "edit", senderId: "U2147483697", text: "" }]);
    expect(events(envelope({ ...changed, subtype: "message_deleted", message: undefined }))).toMatchObject([
      { kind: "other", text: "" },
    ]);
    expect(events(envelope(reaction))).toMatchObject([
      { kind: "reaction", senderId: "U024BE7LH", conversationId: "C0G9QF9GZ", text: "" },
    ]);
  });

  it.each([
    ["a bot", { ...direct, bot_id: "B1" }],
    ["a bot by its subtype", { ...direct, subtype: "bot_message", bot_id: "B1", user: undefined }],
    ["a bot that mentions us", { ...mention, bot_id: "B1" }],
    [
      "our own edit",
      { ...direct, subtype: "message_changed", message: { user: "U0LAN0Z89", bot_id: "B1", ts: "1.1" } },
    ],
    ["Slackbot", { ...direct, user: "USLACKBOT" }],
    ["nobody", { ...direct, user: undefined }],
    ["people among themselves", { ...direct, channel: "C1", channel_type: "channel" }],
    ["people in a group", { ...direct, channel: "G1", channel_type: "mpim" }],
    ["an event we do not know", { type: "channel_created", channel: { id: "C1" } }],
    ["a reaction to a file", { type: "reaction_added", user: "U1", item: { type: "file", file: "F1" } }],
  ])("not for us: %s", (_name, event) => {
    expect(events(envelope(event))).toEqual([]);
  });

  it.each(["tombstone", "me_message", "channel_join", "reminder_add", "__proto__", "assistant_app_thread"])(
    "a subtype that nobody wrote now is never acted on: %s",
    (subtype) => {
      expect(events(envelope({ ...direct, subtype }))).toMatchObject([{ kind: "other", text: "" }]);
    },
  );

  it("a slash command, and a button that is none", () => {
    const form = new URLSearchParams({
      command: "/run",
      text: "sh\necho 'ü' &amp;&amp; id",
      trigger_id: "13345224609.738474920.8088930838d88f008e0",
      user_id: "U2147483697",
      user_name: "steve",
      channel_id: "D1",
      response_url: "https://hooks.slack.com/commands/1234/5678",
    });
    expect(events(form.toString())).toMatchObject([
      { kind: "command", text: "/run sh\necho 'ü' && id", isDirect: true, senderName: "steve" },
    ]);
    form.set("response_url", "https://hooks.slack.com.evil.example/commands");
    expect(events(form.toString())).toMatchObject([{ replyHandle: null }]);
    expect(events(`payload=${encodeURIComponent('{"type":"block_actions"}')}`)).toEqual([]);
    expect(events("ssl_check=1&token=x")).toEqual([]);
    form.delete("trigger_id");
    expect(read(form.toString())).toMatchObject({ kind: "malformed" });
  });

  it("CVE-2026-28480 the name is shown and never the sender", () => {
    const form = (name: string) =>
      new URLSearchParams({
        command: "/status",
        text: "",
        trigger_id: "1",
        user_id: "U9",
        user_name: name,
        channel_id: "C1",
      });
    expect(events(form("U2147483697").toString())).toMatchObject([{ senderId: "U9", senderName: "U2147483697" }]);
  });

  it("a message that holds a form stays a message: the form is told by the signed bytes", () => {
    const text = "hello&command=/run&user_id=UADMIN&channel_id=C1&trigger_id=1&text=sh";
    const body = JSON.stringify(envelope({ ...direct, text }));
    const request = hookRequest({ "content-type": "application/x-www-form-urlencoded" });
    expect(slack.read(request, Buffer.from(body))).toMatchObject({
      events: [{ kind: "message", senderId: "U2147483697", text }],
    });
  });

  it.each([
    ["no JSON", "{"],
    ["not UTF-8", "{\xff"],
    ["an array", "[]"],
    ["no event", { type: "event_callback", event_id: "Ev1" }],
    ["no event id", { ...envelope(direct), event_id: undefined }],
    ["an event id with a NUL", { ...envelope(direct), event_id: "Ev\0" }],
    ["a sender that is an object", envelope({ ...direct, user: { id: "U1" } })],
    ["a text that is a list", envelope({ ...direct, text: ["x"] })],
    ["a polluting member", '{"__proto__":{"type":"event_callback"}}'],
    ["deep nesting", `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`],
  ])("malformed: %s", (_name, body) => {
    expect(read(body)).toMatchObject({ kind: "malformed" });
  });

  it("pollution changes nothing", () => {
    const body = JSON.stringify(envelope(direct)).replace(
      '"event":{',
      '"event":{"__proto__":{"bot_id":"B1","polluted":1},',
    );
    expect(events(body)).toMatchObject([{ senderId: "U2147483697" }]);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  it("whatever JSON comes: no exception, and every event is one", () => {
    const loose = fc.jsonValue({ maxDepth: 4 });
    const anyEvent = fc.record(
      {
        type: fc.constantFrom("message", "app_mention", "reaction_added", "other"),
        subtype: fc.option(fc.constantFrom("message_changed", "file_share", "x")),
        user: fc.oneof(fc.string(), loose),
        channel: fc.oneof(fc.constantFrom("D1", "C1"), loose),
        channel_type: fc.constantFrom("im", "channel"),
        text: fc.oneof(fc.string({ unit: "binary" }), loose),
        ts: fc.oneof(fc.string(), loose),
        files: loose,
        message: loose,
        item: loose,
      },
      { requiredKeys: ["type"] },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          loose,
          anyEvent.map((event) => envelope(event)),
        ),
        (value) => {
          const reading = read(value);
          if (reading.kind === "events") {
            reading.events.forEach((event) => InboundEvent.parse(event));
          }
        },
      ),
    );
  });

  it("whatever bytes come: no exception", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        slack.read(hookRequest(), Buffer.from(bytes));
        slack.read(hookRequest(), Buffer.concat([Buffer.from("command=/x&"), bytes]));
      }),
    );
  });
});

it("counts a text as Slack receives it", () => {
  expect(slack.measure("a<b>&c")).toBe("a&lt;b&gt;&amp;c".length);
});
