/** Discord shows "… is thinking" from the command on: in a server it has to go where nobody is answered. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { startPlatforms, type Platforms } from "../../../tests/support/hook-platforms.ts";

let platforms: Platforms;
beforeAll(async () => {
  platforms = await startPlatforms();
});
afterAll(() => platforms.stop());

/** A command in a server. @returns how its delivery ended */
async function command(user: string, name: string): Promise<{ state: string; reason: string | null }> {
  const { discord } = platforms;
  const interaction = discord.command(user, name);
  await discord.interact(platforms.url("discord"), interaction);
  return platforms.ended("discord", interaction.id);
}

it("CHANNELS-9 a denial in a server leaves nothing behind and says nothing; an answer takes its place", async () => {
  const { discord, all } = platforms;
  const { known, blocked, stranger } = all.discord;
  for (const [user, reason] of [
    [stranger, "sender_unknown"],
    [blocked, "user_blocked"],
  ] as const) {
    expect(await command(user, "help")).toEqual({ state: "refused", reason });
    expect([...discord.thinking]).toEqual([]);
    expect(discord.messages).toEqual([]);
  }
  // What cannot be taken back is decided all the same.
  discord.misbehave({ status: 503, body: {} });
  expect(await command(stranger, "help")).toEqual({ state: "refused", reason: "sender_unknown" });
  expect(discord.thinking.size).toBe(1);

  expect(await command(known, "help")).toMatchObject({ state: "answered" });
  await vi.waitFor(() => expect(discord.messages).toHaveLength(1));
  expect(discord.thinking.size).toBe(1);
});

describe("CHANNELS-9 a delivery that fails", () => {
  const refused = { status: 400, body: { message: "Invalid Form Body", code: 50035 } };
  beforeEach(() => {
    platforms.discord.messages.length = 0;
    platforms.discord.thinking.clear();
  });

  it.each([
    ["is refused for good", "reply_refused", refused],
    ["may have arrived, and has not", "may_have_arrived", "cut"],
  ] as const)("because its answer %s leaves no “… is thinking”", async (_what, reason, misbehaviour) => {
    const { discord, all } = platforms;
    discord.misbehave(misbehaviour);
    expect(await command(all.discord.known, "help")).toEqual({ state: "failed", reason });
    expect([...discord.thinking]).toEqual([]);
    expect(discord.messages).toEqual([]);
  });

  it("of which the answer has arrived after all takes nothing back", async () => {
    const { discord, all } = platforms;
    discord.misbehave("lost");
    expect(await command(all.discord.known, "help")).toEqual({ state: "failed", reason: "may_have_arrived" });
    expect(discord.messages).toHaveLength(1);
    expect(discord.thinking.size).toBe(0);
  });

  it("with an interaction that is over fails all the same, and asks nothing more of it", async () => {
    const { discord, all } = platforms;
    const over = discord.command(all.discord.known, "help");
    discord.expireTokens();
    discord.misbehave("pass", { status: 403, body: { message: "Missing Access", code: 50001 } });
    await discord.interact(platforms.url("discord"), over);
    expect(await platforms.ended("discord", over.id)).toEqual({ state: "failed", reason: "reply_refused" });
    expect(discord.requests.at(-1)).toMatchObject({ method: "GET" });
    expect(discord.messages).toEqual([]);
  });
});
