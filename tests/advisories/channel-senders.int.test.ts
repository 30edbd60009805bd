/** Who a sender is, and what counts as having said something: look-alike names, and everything that happens on a platform but a message. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { postHook } from "../support/hook-post.ts";
import {
  PLATFORMS,
  startPlatforms,
  type PlatformName,
  type Platforms,
  type Signed,
} from "../support/hook-platforms.ts";

let platforms: Platforms;

beforeAll(async () => {
  platforms = await startPlatforms();
});
afterAll(() => platforms.stop());

const post = (name: PlatformName, { body, headers }: Signed) => postHook(platforms.url(name), body, headers());

describe.each(PLATFORMS)("%s", (name) => {
  it("CVE-2026-28480 CVE-2026-28471 GHSA-4cqv: a stranger under the name or id of a known sender stays a stranger", async () => {
    const { known, stranger, message, told } = platforms.all[name];
    const look = [known, known.toLowerCase(), `@${known}`, `${known}\u200b`, `<@${known}>`];
    const answers = [];
    for (const shown of look) {
      const delivery = message(stranger, "/help", shown);
      expect((await post(name, delivery)).status).toBe(200);
      answers.push(await platforms.ended(name, delivery.eventId));
    }
    expect(answers).toEqual(look.map(() => ({ state: "refused", reason: "sender_unknown" })));
    expect(told(stranger).filter((text) => text.includes("/help"))).toEqual([]);
    expect(await platforms.server.recorded("channel.sender_unknown")).not.toEqual([]);
  });

  it("CVE-2026-28480: a known sender under any name stays who it is; a blocked one under a known name stays blocked", async () => {
    const { known, blocked, message, told } = platforms.all[name];
    const renamed = message(known, "/help", blocked);
    await post(name, renamed);
    expect((await platforms.ended(name, renamed.eventId)).state).toBe("answered");
    const disguised = message(blocked, "/help", known);
    await post(name, disguised);
    expect(await platforms.ended(name, disguised.eventId)).toMatchObject({ state: "refused" });
    expect(told(blocked)).toEqual([]);
  });
});

type Member = "known" | "stranger" | "blocked";
const MEMBERS: readonly Member[] = ["known", "stranger", "blocked"];

/** What is no message, made by `sender`, with a command in every place where one could stand. */
function silentEvents(name: PlatformName, sender: string): Signed[] {
  const { slack, whatsapp, discord } = platforms;
  const order = "/help";
  switch (name) {
    case "slack": {
      const said = { user: sender, text: order, ts: "1700000000.000001" };
      const direct = {
        type: "message",
        channel: `D${sender.slice(1)}`,
        channel_type: "im",
        ts: "1700000000.000002",
        text: order,
      };
      return [
        { ...direct, subtype: "message_changed", message: said, previous_message: said },
        { ...direct, subtype: "message_deleted", previous_message: said },
        { ...direct, subtype: "bot_message", bot_id: "B1", user: sender },
        { ...direct, user: sender, bot_id: "B1" },
        {
          type: "reaction_added",
          user: sender,
          reaction: order,
          item: { type: "message", channel: "C0TOWN", ts: "1.1" },
        },
        { type: "member_joined_channel", user: sender, channel: "C0TOWN", text: order },
        { type: "message", channel: "C0TOWN", channel_type: "channel", user: sender, text: order, ts: "1.2" },
      ].map((event, index) => {
        const eventId = `EvSilent${sender}${index}`;
        const body = slack.envelope(event, eventId);
        return { eventId, body, headers: () => slack.sign(body) };
      });
    }
    case "whatsapp":
      return ["reaction", "edit", "system", "unsupported", "order", "location", "contacts"].map((type) => {
        const more = { type, [type]: { body: order, emoji: order, text: { body: order } } };
        const message = whatsapp.text(sender, order, more);
        const body = whatsapp.batch([message]);
        return { eventId: message.id, body, headers: () => whatsapp.sign(body) };
      });
    case "discord":
      return [3, 4, 5, 6].map((type) => {
        const interaction = discord.command(sender, "help", {}, { type, message: { content: order } });
        const body = JSON.stringify(interaction);
        return { eventId: interaction.id, body, headers: () => discord.sign(body) };
      });
  }
}

describe("GHSA-9vvh CVE-2026-33578 GHSA-2gvc: kind of event × what the policy says of its sender", () => {
  it.each(PLATFORMS.flatMap((name) => MEMBERS.map((member) => [name, member] as const)))(
    "%s, a sender that is %s: reactions, edits, clicks and bots act on nothing",
    async (name, member) => {
      const platform = platforms.all[name];
      const sender = platform[member];
      const said = platform.fake.requests.length;
      for (const event of silentEvents(name, sender)) {
        expect((await post(name, event)).status).toBe(200);
        const rows = await platforms.server.sql<{ state: string }>(
          "SELECT state FROM channel_delivery WHERE channel = $1 AND event_id = $2",
          [name, event.eventId],
        );
        // Noted, or not even that.
        expect(rows.filter(({ state }) => state !== "ignored")).toEqual([]);
      }
      expect(platform.fake.requests.length).toBe(said);
    },
  );

  it.each(PLATFORMS.flatMap((name) => MEMBERS.map((member) => [name, member] as const)))(
    "%s, a sender that is %s: a command goes by the policy alone",
    async (name, member) => {
      const platform = platforms.all[name];
      const before = platform.told(platform[member]).length;
      const message = platform.message(platform[member], "/help");
      await post(name, message);
      const { state, reason } = await platforms.ended(name, message.eventId);
      const told = platform.told(platform[member]).slice(before);
      const expected = { known: "answered", stranger: "refused sender_unknown", blocked: "refused user_blocked" };
      expect(`${state} ${reason ?? ""}`.trim()).toBe(expected[member]);
      expect(told.some((text) => text.includes("/help"))).toBe(member === "known");
      expect(member === "blocked" ? told : []).toEqual([]);
    },
  );
});
