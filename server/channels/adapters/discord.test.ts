import { generateKeyPairSync, sign } from "node:crypto";
import fc from "fast-check";
import { verifyKey } from "discord-interactions";
import { describe, expect, it } from "vitest";
import { hookRequest } from "../../../tests/support/hook-request.ts";
import { InboundEvent } from "#server/channels/schema.ts";
import { createDiscord } from "./discord.ts";

const NOW = 1_700_000_000_000;
const SECONDS = String(NOW / 1000);
const APPLICATION = "845027738276462632";
const { publicKey, privateKey } = generateKeyPairSync("ed25519");
const PUBLIC = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url").toString("hex");
const connection = {
  channel: "guild",
  type: "discord",
  publicKey: PUBLIC,
  applicationId: APPLICATION,
  botToken: "bot-token",
} as const;
const discord = createDiscord(connection);

const signatureOf = (timestamp: string, body: Buffer | string) =>
  sign(null, Buffer.concat([Buffer.from(timestamp), Buffer.from(body)]), privateKey).toString("hex");
const request = (timestamp: string | string[], signature: string | string[]) =>
  hookRequest({ "x-signature-timestamp": timestamp, "x-signature-ed25519": signature });
const verify = (timestamp: string | string[], signature: string | string[], body: Buffer | string = "{}") =>
  discord.verify(request(timestamp, signature), Buffer.from(body), NOW);

const read = (value: unknown) =>
  discord.read(hookRequest(), Buffer.from(typeof value === "string" ? value : JSON.stringify(value)));
const events = (value: unknown) => {
  const reading = read(value);
  return reading.kind === "events" ? reading.events : reading;
};
const user = { id: "53908232506183680", username: "mason", global_name: "Mason", discriminator: "0", avatar: null };
const command = (options: unknown[] = [], more: object = {}, data: object = {}) => ({
  id: "846462639134605312",
  application_id: APPLICATION,
  type: 2,
  token: "aW50ZXJhY3Rpb24.token-1_2",
  version: 1,
  guild_id: "290926798626357999",
  channel_id: "645027906669510667",
  channel: { id: "645027906669510667", type: 0 },
  member: { user, nick: null, roles: [], permissions: "0" },
  data: { id: "771825006014889984", name: "ask", type: 1, options, ...data },
  ...more,
});

describe("the signature", () => {
  it("is that of Discord's own library", async () => {
    const signature = signatureOf(SECONDS, '{"type":1}');
    await expect(verifyKey('{"type":1}', signature, SECONDS, PUBLIC)).resolves.toBe(true);
    expect(verify(SECONDS, signature, '{"type":1}')).toEqual({ ok: true });
  });

  it("the key may be written in capitals", () => {
    const loud = createDiscord({ ...connection, publicKey: PUBLIC.toUpperCase() });
    expect(loud.verify(request(SECONDS, signatureOf(SECONDS, "{}")), Buffer.from("{}"), NOW)).toEqual({ ok: true });
  });

  it("five minutes either way, and no second more", () => {
    const at = (seconds: number) => verify(String(seconds), signatureOf(String(seconds), "{}"));
    expect(at(NOW / 1000 - 300)).toEqual({ ok: true });
    expect(at(NOW / 1000 + 300)).toEqual({ ok: true });
    expect(at(NOW / 1000 - 301)).toEqual({ ok: false, reason: "timestamp_stale" });
    expect(at(NOW / 1000 + 301)).toEqual({ ok: false, reason: "timestamp_stale" });
  });

  it("a fresh time over an old signature; a time that leans on the body", () => {
    expect(verify(SECONDS, signatureOf("1600000000", "{}"))).toEqual({ ok: false, reason: "signature_wrong" });
    // The two are joined without a mark between them: the digits of one may not become those of the other.
    expect(verify(SECONDS.slice(0, -1), signatureOf(SECONDS, "{}"), `${SECONDS.slice(-1)}{}`)).toEqual({
      ok: false,
      reason: "timestamp_stale",
    });
  });

  it.each<[string, (digits: string) => string]>([
    ["upper case", (digits) => digits.toUpperCase()],
    ["base64", (digits) => Buffer.from(digits, "hex").toString("base64")],
    ["base64url", (digits) => Buffer.from(digits, "hex").toString("base64url")],
    ["cut", (digits) => digits.slice(2)],
    ["longer", (digits) => `${digits}00`],
    ["white space", (digits) => `${digits} `],
    ["not hexadecimal", (digits) => `zz${digits.slice(2)}`],
    ["0x", (digits) => `0x${digits.slice(2)}`],
    ["nothing but zeros", (digits) => "0".repeat(digits.length)],
    ["the same value beyond the order of the group", malleable],
  ])("re-encoded: %s", (_name, change) => {
    expect(verify(SECONDS, change(signatureOf(SECONDS, "{}")))).toEqual({ ok: false, reason: "signature_wrong" });
  });

  it("missing and repeated headers", () => {
    const signature = signatureOf(SECONDS, "{}");
    expect(discord.precheck(hookRequest())).toEqual({ ok: false, reason: "signature_missing" });
    expect(discord.precheck(request(SECONDS, signature))).toEqual({ ok: true });
    expect(discord.verify(hookRequest({ "x-signature-ed25519": signature }), Buffer.from("{}"), NOW)).toEqual({
      ok: false,
      reason: "timestamp_missing",
    });
    expect(verify(SECONDS, [signature, signature])).toEqual({ ok: false, reason: "signature_wrong" });
    expect(verify([SECONDS, SECONDS], signature)).toEqual({ ok: false, reason: "timestamp_stale" });
  });

  it("any body that is not the signed one, byte for byte", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.uint8Array({ maxLength: 64 }), (one, other) => {
        const signature = signatureOf(SECONDS, Buffer.from(one));
        expect(verify(SECONDS, signature, Buffer.from(one))).toEqual({ ok: true });
        expect(verify(SECONDS, signature, Buffer.from(other))).toEqual(
          Buffer.from(one).equals(other) ? { ok: true } : { ok: false, reason: "signature_wrong" },
        );
      }),
    );
  });

  it("another application's key", () => {
    const other = generateKeyPairSync("ed25519").privateKey;
    expect(verify(SECONDS, sign(null, Buffer.from(`${SECONDS}{}`), other).toString("hex"))).toEqual({
      ok: false,
      reason: "signature_wrong",
    });
  });

  it.each(["publicKey", "applicationId", "botToken"] as const)("a blank %s: no adapter at all", (key) => {
    for (const blank of [undefined, "", "  "]) {
      expect(() => createDiscord({ ...connection, [key]: blank })).toThrow(`channels.guild.connection.${key} is blank`);
    }
  });

  it.each([
    ["too short", PUBLIC.slice(2)],
    ["too long", `${PUBLIC}00`],
    ["no digits", "g".repeat(64)],
    ["zeros, for which anybody can sign", "0".repeat(64)],
    ["one", `01${"0".repeat(62)}`],
    ["one with a sign", `01${"0".repeat(60)}80`],
    ["a point of order eight", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"],
    ["a point of order two", `ec${"f".repeat(60)}7f`],
  ])("CVE-2026-44109 a key that proves nothing is no key: %s", (_name, key) => {
    expect(() => createDiscord({ ...connection, publicKey: key })).toThrow(
      "channels.guild.connection.publicKey is no public key",
    );
  });
});

/** s + L for s: verifies where the bound of s is not checked (RFC 8032 section 5.1.7). */
function malleable(digits: string): string {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const bytes = Buffer.from(digits, "hex");
  let value = BigInt(`0x${Buffer.from(bytes.subarray(32)).reverse().toString("hex")}`) + order;
  for (let index = 32; index < 64; index += 1) {
    bytes[index] = Number(value & 0xffn);
    value >>= 8n;
  }
  return bytes.toString("hex");
}

describe("what is read", () => {
  it("PING is answered with PONG", () => {
    expect(read({ id: "1", application_id: APPLICATION, type: 1, token: "t", version: 1 })).toEqual({
      kind: "challenge",
      answer: { status: 200, contentType: "application/json", body: '{"type":1}' },
    });
  });

  it("a command in a guild, answered later", () => {
    expect(read(command([{ name: "question", type: 3, value: "Where is ü? 😀" }]))).toEqual({
      kind: "events",
      answer: { status: 200, contentType: "application/json", body: '{"type":5}' },
      events: [
        {
          kind: "command",
          eventId: "846462639134605312",
          senderId: "53908232506183680",
          senderName: "Mason",
          isBot: false,
          conversationId: "645027906669510667",
          isDirect: false,
          threadId: null,
          messageId: null,
          text: "/ask Where is ü? 😀",
          attachments: [],
          sentAt: Number(846462639134605312n >> 22n) + 1_420_070_400_000,
          replyHandle: "aW50ZXJhY3Rpb24.token-1_2",
        },
      ],
    });
  });

  it("direct is with the bot alone", () => {
    const alone = { guild_id: undefined, member: undefined, user, channel: { type: 1 } };
    const isDirect = (more: object) => events(command([], { ...alone, ...more }));
    expect(isDirect({})).toMatchObject([{ isDirect: true, senderId: user.id }]);
    expect(isDirect({ context: 1 })).toMatchObject([{ isDirect: true }]);
    expect(isDirect({ context: 2 })).toMatchObject([{ isDirect: false }]);
    expect(isDirect({ context: 0 })).toMatchObject([{ isDirect: false }]);
    expect(isDirect({ channel: { type: 3 } })).toMatchObject([{ isDirect: false }]);
    expect(isDirect({ channel: undefined })).toMatchObject([{ isDirect: false }]);
    expect(isDirect({ guild_id: "1" })).toMatchObject([{ isDirect: false }]);
  });

  it("subcommands and values in their order", () => {
    const options = [
      {
        name: "limits",
        type: 2,
        options: [
          {
            name: "set",
            type: 1,
            options: [
              { name: "user", type: 6, value: "53908232506183680" },
              { name: "count", type: 4, value: 5 },
              { name: "loud", type: 5, value: false },
            ],
          },
        ],
      },
    ];
    expect(events(command(options))).toMatchObject([{ text: "/ask limits set 53908232506183680 5 false" }]);
  });

  it("a file", () => {
    const attachments = {
      "999": {
        id: "999",
        filename: "a.txt",
        size: 3,
        url: "https://cdn.discordapp.com/a.txt",
        content_type: "text/plain",
      },
    };
    const options = [
      { name: "file", type: 11, value: "999" },
      { name: "other", type: 11, value: "__proto__" },
    ];
    expect(events(command(options, {}, { resolved: { attachments } }))).toMatchObject([
      {
        text: "/ask",
        attachments: [
          { reference: "https://cdn.discordapp.com/a.txt", name: "a.txt", bytes: 3, mediaType: "text/plain" },
        ],
      },
    ]);
  });

  it("CVE-2026-28480 nick and names are shown and never the sender", () => {
    const member = { user: { ...user, username: "1", global_name: "2" }, nick: "99999999999999999" };
    expect(events(command([], { member }))).toMatchObject([
      { senderId: "53908232506183680", senderName: "99999999999999999" },
    ]);
  });

  it("the member stands before the user", () => {
    expect(events(command([], { user: { ...user, id: "1" } }))).toMatchObject([{ senderId: user.id }]);
  });

  it.each([
    ["a click", { ...command(), type: 3 }, { type: 6 }],
    ["a completion", { ...command(), type: 4 }, { type: 8, data: { choices: [] } }],
    ["a dialogue", { ...command(), type: 5 }, { type: 4 }],
    ["something new", { ...command(), type: 99 }, { type: 4 }],
    ["a command on a message", command([], {}, { type: 3 }), { type: 4 }],
    ["a command on a person", command([], {}, { type: 2 }), { type: 4 }],
    ["a bot", command([], { member: { user: { ...user, bot: true } } }), { type: 4 }],
    ["nobody", command([], { member: undefined }), { type: 4 }],
  ])("not acted on: %s", (_name, value, answer) => {
    const reading = read(value);
    expect(reading).toMatchObject({ kind: "events", events: [] });
    expect(reading.kind === "events" ? JSON.parse(reading.answer.body) : null).toMatchObject(answer);
  });

  it.each([
    ["no JSON", "{"],
    ["an array", "[]"],
    ["another application", command([], { application_id: "1" })],
    ["no id", command([], { id: undefined })],
    ["a token that is a path", command([], { token: "../../channels/1" })],
    ["a name with white space", command([], {}, { name: "run sh" })],
    ["an option that is none", command(["x"])],
    ["an option without a value", command([{ name: "a", type: 3 }])],
    ["a value that is an object", command([{ name: "a", type: 3, value: { toString: "x" } }])],
    ["subcommands without an end", command([nested(50)])],
    ["a polluting member", '{"__proto__":{"type":1,"application_id":"845027738276462632"}}'],
    ["deep nesting", `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`],
  ])("malformed: %s", (_name, body) => {
    expect(read(body)).toMatchObject({ kind: "malformed" });
  });

  it("whatever JSON comes: no exception, and every event is one", () => {
    const loose = fc.jsonValue({ maxDepth: 4 });
    const option = fc.record({
      name: fc.string(),
      type: fc.integer({ min: 0, max: 12 }),
      value: fc.oneof(fc.string({ unit: "binary" }), loose),
      options: loose,
    });
    const whole = fc
      .record({
        options: fc.array(option),
        resolved: loose,
        more: fc.dictionary(fc.constantFrom("user", "member", "channel", "context", "id"), loose),
      })
      .map(({ options, resolved, more }) => command(options, more, { resolved }));
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

function nested(depth: number): unknown {
  return { name: "a", type: 2, options: depth === 0 ? [] : [nested(depth - 1)] };
}
