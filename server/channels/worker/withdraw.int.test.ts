/** Discord shows "… is thinking" from the command on: in a server it has to go where nobody is answered. */
import { afterAll, beforeAll, expect, it, vi } from "vitest";
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
