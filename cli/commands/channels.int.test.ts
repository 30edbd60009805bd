/** `openclaw channels …` on a real database, against a platform on loopback. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCliBench, type CliBench } from "../../tests/support/cli.ts";
import { BOT_TOKEN, BOT_USERNAME, startFakeTelegram, type FakeTelegram } from "../../tests/support/fake-telegram.ts";
import { openTestKeyring } from "../../tests/support/keyring.ts";
import { registerConnections } from "./channels.ts";

let bench: CliBench;
let telegram: FakeTelegram;
let folder: string;
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

beforeAll(async () => {
  bench = await openCliBench(registerConnections);
  await openTestKeyring(bench.paths.keysDir);
  telegram = await startFakeTelegram();
  folder = mkdtempSync(join(tmpdir(), "openclaw-channels-"));
  const { host } = new URL(telegram.apiBase);
  bench.configure(`{
    security: { outbound: { allowedPrivate: ["${host}"] }, authorization: { roles: { user: { permissions: ["read"] } } } },
    channels: { written: { connection: { type: "webhook", scheme: "github", secret: "a-secret-of-the-file" } } },
  }`);
});
afterAll(async () => {
  await bench.close();
  await telegram.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("openclaw channels", () => {
  it("add connects with secrets from files; test asks the platform; a test message is sent and on record", async () => {
    const added = await bench.run(
      ...["channels", "add", "tg", "--type", "telegram", "--set", `apiBase=${telegram.apiBase}`],
      ...[
        "--secret-file",
        `botToken=${file("token", `${BOT_TOKEN}\n`)}`,
        "--secret-file",
        `webhookSecret=${file("hook", "hook-secret-1")}`,
      ],
    );
    expect(added).toMatchObject({ exitCode: 0, out: [expect.stringContaining("/hooks/tg")] });
    const tested = await bench.run("channels", "test", "tg", "--send", "42");
    expect(tested).toMatchObject({ exitCode: 0, out: [expect.stringContaining(`@${BOT_USERNAME}`)] });
    expect(telegram.sent).toMatchObject([{ chatId: 42 }]);
    const rows = await bench.sql<{ events: string }>("SELECT events FROM audit_intake");
    const recorded = rows.map(({ events }) => events).join("");
    expect(recorded).toContain("channel.connection_saved");
    expect(recorded).toContain("channel.connection_tested");
    expect(recorded).not.toContain(BOT_TOKEN);
    const stored = await bench.sql<{ settings: object; secrets: Buffer }>(
      "SELECT settings, secrets FROM channel_connection",
    );
    expect(JSON.stringify(stored[0]?.settings)).not.toContain("secret");
    expect(stored[0]?.secrets.includes(BOT_TOKEN)).toBe(false);
  });

  it("list shows both places and why one does not work", async () => {
    await bench.run(
      "channels",
      "add",
      "later",
      "--type",
      "telegram",
      "--secret-env",
      "botToken=OPENCLAW_NOT_SET",
      "--secret-file",
      `webhookSecret=${file("hook", "hook-secret-1")}`,
    );
    const { out } = await bench.run("channels", "list", "--json");
    const listed = JSON.parse(out.join("\n")) as {
      channel: string;
      source: string;
      state: string;
      problem: string | null;
    }[];
    expect(listed.map(({ channel, source, state }) => [channel, source, state])).toEqual([
      ["later", "database", "not_configured"],
      ["tg", "database", "on"],
      ["written", "file", "on"],
    ]);
    expect(listed[0]?.problem).toContain("channels.later.connection.botToken");
  });

  it("a secret on the command line, an unknown key and the file's own are refused with what to do", async () => {
    const onLine = await bench.run("channels", "add", "tg", "--set", `botToken=${BOT_TOKEN}`);
    expect(onLine).toMatchObject({ exitCode: 2, err: [expect.stringContaining("--secret-file botToken")] });
    const unknown = await bench.run("channels", "add", "tg", "--set", "colour=red");
    expect(unknown).toMatchObject({ exitCode: 2, err: [expect.stringContaining("colour")] });
    const owned = await bench.run("channels", "remove", "written");
    expect(owned).toMatchObject({ exitCode: 1, err: [expect.stringContaining(bench.paths.configFile)] });
    const noTerminal = await bench.run("channels", "add", "new", "--type", "slack");
    expect(noTerminal).toMatchObject({ exitCode: 2, err: [expect.stringContaining("signingSecret")] });
  });

  it("stored secrets are not sent to another address than they were entered for", async () => {
    const moved = await bench.run("channels", "add", "tg", "--set", "apiBase=https://elsewhere.example");
    expect(moved).toMatchObject({ exitCode: 2, err: [expect.stringContaining("entered again")] });
  });

  it("an address of the own network that nobody opened is not reached (SSRF)", async () => {
    bench.configure(`{ security: { authorization: { roles: { user: { permissions: ["read"] } } } } }`);
    const { exitCode, err } = await bench.run("channels", "test", "tg");
    expect(exitCode).toBe(1);
    expect(err.join()).toContain("allowedPrivate");
    expect(err.join()).not.toContain(BOT_TOKEN);
  });

  it("remove takes it away with its secrets", async () => {
    expect(await bench.run("channels", "remove", "tg")).toMatchObject({ exitCode: 0 });
    expect(await bench.sql("SELECT 1 FROM channel_connection WHERE channel = 'tg'")).toEqual([]);
    expect(await bench.run("channels", "remove", "tg")).toMatchObject({ exitCode: 3 });
  });
});
