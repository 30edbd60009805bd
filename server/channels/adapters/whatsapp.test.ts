import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hookRequest } from "../../../tests/support/hook-request.ts";
import { InboundEvent } from "#server/channels/schema.ts";
import { createWhatsapp } from "./whatsapp.ts";

const SECRET = "It's a Secret to Everybody";
const NUMBER = "106540352242922";
const connection = {
  channel: "support",
  type: "whatsapp",
  appSecret: SECRET,
  verifyToken: "verify-me",
  accessToken: "EAAG",
  phoneNumberId: NUMBER,
} as const;
const whatsapp = createWhatsapp(connection);

const hex = (body: Buffer | string) => createHmac("sha256", SECRET).update(body).digest("hex");
const verify = (body: Buffer | string, header?: string | string[]) =>
  whatsapp.verify(hookRequest(header === undefined ? {} : { "x-hub-signature-256": header }), Buffer.from(body), 0);

const read = (value: unknown) =>
  whatsapp.read(hookRequest(), Buffer.from(typeof value === "string" ? value : JSON.stringify(value)));
const value = (messages: unknown[], more: object = {}) => ({
  messaging_product: "whatsapp",
  metadata: { display_phone_number: "15550783881", phone_number_id: NUMBER },
  contacts: [{ profile: { name: "Sheena Nelson" }, wa_id: "16505551234" }],
  messages,
  ...more,
});
const delivery = (...values: unknown[]) => ({
  object: "whatsapp_business_account",
  entry: values.map((given) => ({ id: "102290129340398", changes: [{ value: given, field: "messages" }] })),
});
const events = (...values: unknown[]) => {
  const reading = read(delivery(...values));
  return reading.kind === "events" ? reading.events : reading;
};
const text = (body: string, more: object = {}) => ({
  from: "16505551234",
  id: "wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQTRBNjU5OUFFRTAzODEwMTQ0RgA=",
  timestamp: "1749416383",
  type: "text",
  text: { body },
  ...more,
});

describe("the signature", () => {
  it("the example that GitHub publishes for the same header", () => {
    const signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    expect(verify("Hello, World!", signature)).toEqual({ ok: true });
  });

  it.each<[string, (digits: string) => string]>([
    ["upper-case digits", (digits) => `sha256=${digits.toUpperCase()}`],
    ["an upper-case name", (digits) => `SHA256=${digits}`],
    ["no name", (digits) => digits],
    ["the older algorithm's name", (digits) => `sha1=${digits}`],
    ["base64", (digits) => `sha256=${Buffer.from(digits, "hex").toString("base64")}`],
    ["base64url", (digits) => `sha256=${Buffer.from(digits, "hex").toString("base64url")}`],
    ["cut", (digits) => `sha256=${digits.slice(2)}`],
    ["longer", (digits) => `sha256=${digits}00`],
    ["white space", (digits) => `sha256= ${digits}`],
    ["two", (digits) => `sha256=${digits}, sha256=${digits}`],
  ])("re-encoded: %s", (_name, change) => {
    expect(verify("{}", change(hex("{}")))).toEqual({ ok: false, reason: "signature_wrong" });
  });

  it("none, a blank one, and one that was sent twice", () => {
    expect(verify("{}")).toEqual({ ok: false, reason: "signature_missing" });
    expect(verify("{}", "")).toEqual({ ok: false, reason: "signature_missing" });
    expect(verify("{}", [`sha256=${hex("{}")}`, `sha256=${hex("{}")}`])).toEqual({
      ok: false,
      reason: "signature_wrong",
    });
    expect(whatsapp.precheck(hookRequest())).toEqual({ ok: false, reason: "signature_missing" });
  });

  it("any body that is not the signed one, byte for byte", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.uint8Array({ maxLength: 64 }), (one, other) => {
        const signature = `sha256=${hex(Buffer.from(one))}`;
        expect(verify(Buffer.from(one), signature)).toEqual({ ok: true });
        expect(verify(Buffer.from(other), signature)).toEqual(
          Buffer.from(one).equals(other) ? { ok: true } : { ok: false, reason: "signature_wrong" },
        );
      }),
    );
  });

  it("escaped unicode is another body than the same characters", () => {
    const escaped = '{"a":"\\u00e4\\ud83d\\ude00"}';
    expect(verify(escaped, `sha256=${hex(escaped)}`)).toEqual({ ok: true });
    expect(verify('{"a":"ä😀"}', `sha256=${hex(escaped)}`)).toEqual({ ok: false, reason: "signature_wrong" });
  });

  it.each(["appSecret", "verifyToken", "accessToken", "phoneNumberId"] as const)(
    "a blank %s: no adapter at all",
    (key) => {
      for (const blank of [undefined, "", "\t"]) {
        expect(() => createWhatsapp({ ...connection, [key]: blank })).toThrow(
          `channels.support.connection.${key} is blank`,
        );
      }
    },
  );
});

describe("the proof of the address", () => {
  const challenge = (query: string) => whatsapp.challenge?.(hookRequest({}, { method: "GET", query })) ?? null;

  it("repeats the challenge to who knows the token", () => {
    expect(challenge("hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=verify-me")).toEqual({
      status: 200,
      contentType: "text/plain; charset=utf-8",
      body: "1158201444",
    });
  });

  it.each([
    "hub.mode=subscribe&hub.challenge=1&hub.verify_token=verify-mf",
    "hub.mode=subscribe&hub.challenge=1&hub.verify_token=",
    "hub.mode=subscribe&hub.challenge=1",
    "hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=verify-me",
    "hub.challenge=1&hub.verify_token=verify-me",
    "hub.mode=subscribe&hub.verify_token=verify-me",
    "hub.mode=subscribe&hub.challenge=%3Cscript%3E&hub.verify_token=verify-me",
    "hub.mode=subscribe&hub.challenge=1&hub.verify_token=wrong&hub.verify_token=verify-me",
    "",
  ])("says nothing to %s", (query) => {
    expect(challenge(query)).toBeNull();
  });
});

describe("what is read", () => {
  it("a text", () => {
    expect(events(value([text("Does it come in another color? ä😀")]))).toEqual([
      {
        kind: "message",
        eventId: "wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQTRBNjU5OUFFRTAzODEwMTQ0RgA=",
        senderId: "16505551234",
        senderName: "Sheena Nelson",
        isBot: false,
        conversationId: "16505551234",
        isDirect: true,
        threadId: null,
        messageId: "wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQTRBNjU5OUFFRTAzODEwMTQ0RgA=",
        text: "Does it come in another color? ä😀",
        attachments: [],
        sentAt: 1_749_416_383_000,
        replyHandle: null,
      },
    ]);
    expect(events(value([text("/status")]))).toMatchObject([{ kind: "command", text: "/status" }]);
  });

  it("several messages in one delivery, in their order; an odd one harms no other", () => {
    const batch = events(
      value([
        text("one", { id: "wamid.1" }),
        { id: "wamid.odd" },
        "odd",
        text("two", { id: "wamid.2", from: "4915112345" }),
      ]),
      value([text("three", { id: "wamid.3" })]),
      { odd: true },
    );
    expect(batch).toMatchObject([
      { eventId: "wamid.1", text: "one" },
      { eventId: "wamid.2", text: "two", senderName: null },
      { eventId: "wamid.3", text: "three" },
    ]);
  });

  it("another number of the same app is not this channel", () => {
    expect(events(value([text("x")], { metadata: { phone_number_id: "999" } }))).toEqual([]);
  });

  it("reports on what we sent, and other fields", () => {
    const status = { id: "wamid.1", status: "read", timestamp: "1", recipient_id: "16505551234" };
    expect(events(value([], { statuses: [status] }))).toEqual([]);
    expect(events({ ...value([]), messages: undefined, statuses: [status] })).toEqual([]);
    const other = delivery(value([text("x")]));
    expect(
      read({ ...other, entry: [{ id: "1", changes: [{ field: "account_update", value: value([text("x")]) }] }] }),
    ).toMatchObject({ events: [] });
  });

  it("buttons and lists by their title", () => {
    const from = { from: "16505551234", timestamp: "1" };
    expect(
      events(
        value([
          { ...from, id: "wamid.1", type: "button", button: { payload: "p", text: "Yes" } },
          {
            ...from,
            id: "wamid.2",
            type: "interactive",
            interactive: { type: "button_reply", button_reply: { id: "b", title: "No" } },
          },
          {
            ...from,
            id: "wamid.3",
            type: "interactive",
            interactive: { type: "list_reply", list_reply: { id: "r", title: "Row" } },
          },
          {
            ...from,
            id: "wamid.4",
            type: "interactive",
            interactive: { type: "nfm_reply", nfm_reply: { response_json: "{}" } },
          },
        ]),
      ),
    ).toMatchObject([
      { kind: "message", text: "Yes" },
      { kind: "message", text: "No" },
      { kind: "message", text: "Row" },
      { kind: "other", text: "" },
    ]);
  });

  it("files, with and without a name and a caption", () => {
    const from = { from: "16505551234", timestamp: "1" };
    expect(
      events(
        value([
          {
            ...from,
            id: "wamid.1",
            type: "document",
            document: {
              id: "11",
              filename: "../a.pdf",
              mime_type: "application/pdf",
              sha256: "x",
              caption: "/ask read",
            },
          },
          { ...from, id: "wamid.2", type: "image", image: { id: "12", mime_type: "image/jpeg", sha256: "x" } },
          {
            ...from,
            id: "wamid.3",
            type: "audio",
            audio: { id: "13", mime_type: "audio/ogg; codecs=opus", voice: true },
          },
        ]),
      ),
    ).toMatchObject([
      {
        kind: "command",
        text: "/ask read",
        attachments: [{ reference: "11", name: "../a.pdf", mediaType: "application/pdf" }],
      },
      { kind: "message", text: "", attachments: [{ reference: "12", name: "image.jpg", bytes: null }] },
      { kind: "message", attachments: [{ reference: "13", name: "audio.ogg" }] },
    ]);
  });

  it("GHSA-9vvh reactions, edits and what we do not know hold nothing to act on", () => {
    const kinds = ["reaction", "edit", "system", "unsupported", "order", "location", "__proto__"].map((type, n) => ({
      from: "16505551234",
      id: `wamid.${n}`,
      timestamp: "1",
      type,
      [type]: { emoji: "👍", message_id: "wamid.x", body: "/run sh id", text: { body: "/run sh id" } },
      text: { body: "/run sh id" },
    }));
    const read = events(value(kinds));
    expect(read).toMatchObject([
      { kind: "reaction", text: "" },
      { kind: "edit", text: "" },
      ...kinds.slice(2).map(() => ({ kind: "other", text: "", attachments: [] })),
    ]);
  });

  it("a group: nothing says that a message is for us", () => {
    expect(events(value([text("/run sh id", { group_id: "G1" })]))).toMatchObject([
      { kind: "other", text: "", conversationId: "G1", isDirect: false },
    ]);
  });

  it("somebody who shows a name instead of a number", () => {
    const contacts = [{ profile: { name: "Pablo", username: "@pablo" }, user_id: "US.13491208655302741918" }];
    const message = { ...text("hi"), from: undefined, from_user_id: "US.13491208655302741918" };
    expect(events(value([message], { contacts }))).toMatchObject([
      { senderId: "US.13491208655302741918", conversationId: "US.13491208655302741918", senderName: "Pablo" },
    ]);
  });

  it("CVE-2026-28480 the name is shown and never the sender", () => {
    const contacts = [{ profile: { name: "4915112345" }, wa_id: "16505551234" }];
    expect(events(value([text("x")], { contacts }))).toMatchObject([
      { senderId: "16505551234", senderName: "4915112345" },
    ]);
  });

  it.each([
    ["no JSON", "{"],
    ["an array", "[]"],
    ["another object", { object: "page", entry: [] }],
    ["no entries", { object: "whatsapp_business_account" }],
    ["changes that are none", { object: "whatsapp_business_account", entry: [{ changes: {} }] }],
    ["a polluting member", '{"__proto__":{"object":"whatsapp_business_account","entry":[]}}'],
    ["deep nesting", `${"[".repeat(200_000)}${"]".repeat(200_000)}`],
  ])("malformed: %s", (_name, body) => {
    expect(read(body)).toMatchObject({ kind: "malformed" });
  });

  it("whatever JSON comes: no exception, and every event is one", () => {
    const loose = fc.jsonValue({ maxDepth: 4 });
    const message = fc.record(
      {
        id: fc.oneof(fc.string({ minLength: 1, maxLength: 300 }), loose),
        from: fc.oneof(fc.constant("16505551234"), loose),
        from_user_id: loose,
        timestamp: fc.oneof(fc.string(), loose),
        type: fc.constantFrom("text", "image", "document", "interactive", "reaction", "other"),
        text: fc.oneof(fc.record({ body: fc.string({ unit: "binary" }) }), loose),
        image: fc.oneof(fc.record({ id: fc.string(), filename: fc.string({ unit: "binary", maxLength: 400 }) }), loose),
        interactive: loose,
        group_id: fc.option(loose),
      },
      { requiredKeys: ["id", "type"] },
    );
    const contacts = fc.option(fc.array(loose));
    const whole = fc
      .tuple(fc.array(message), contacts)
      .map(([messages, people]) => delivery(value(messages, { contacts: people })));
    fc.assert(
      fc.property(fc.oneof(loose, whole), (given) => {
        const reading = read(given);
        if (reading.kind === "events") {
          reading.events.forEach((event) => InboundEvent.parse(event));
        }
      }),
    );
  });
});
