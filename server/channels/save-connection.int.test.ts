/** Connections that the console keeps in the database: what is stored and shown of them, and what is refused. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Pool } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RECORDED } from "../../tests/support/audit.ts";
import { createTestDatabase } from "../../tests/support/database.ts";
import { openTestKeyring } from "../../tests/support/keyring.ts";
import { readPolicy, unlimitedGrantor, type Grantor } from "#server/access/index.ts";
import { openSecrets } from "#server/channels/connection-rows.ts";
import {
  removeConnection,
  saveConnection,
  type ConnectionEditDeps,
  type SaveConnection,
} from "#server/channels/save-connection.ts";
import { loadConfig } from "#server/config/index.ts";
import { createDb } from "#server/core/db/client.ts";
import { createPool } from "#server/core/db/pool.ts";

const OPERATOR = unlimitedGrantor({ type: "operator", id: "test" });
const TELEGRAM: SaveConnection = {
  channel: "tg",
  type: "telegram",
  settings: {},
  secrets: { botToken: "1234567:first-canary", webhookSecret: "hook-canary-0001" },
};
let deps: ConnectionEditDeps;
let pool: Pool;
let owner: Pool;

beforeAll(async () => {
  const database = await createTestDatabase();
  pool = createPool({ connectionString: database.appUrl, name: "test", max: 4 });
  owner = createPool({ connectionString: database.ownerUrl, name: "owner", max: 1 });
  const policy = await readPolicy(pool, { enabled: true, roles: undefined, users: undefined, channels: undefined });
  const file = join(mkdtempSync(join(tmpdir(), "openclaw-connections-")), "openclaw.json5");
  writeFileSync(
    file,
    `{ channels: { filed: { connection: { type: "telegram", botToken: "1:x", webhookSecret: "in-the-file" } } } }`,
    { mode: 0o600 },
  );
  const loaded = loadConfig(file);
  deps = {
    db: createDb(pool),
    config: { current: () => loaded },
    paths: { configFile: "/etc/openclaw.json5" },
    keyring: await openTestKeyring(),
    policy: { current: () => policy },
  };
});
afterAll(async () => {
  await Promise.all([pool.end(), owner.end()]);
});

const save = (input: SaveConnection, grantor: Grantor = OPERATOR, mayRefer = false) =>
  saveConnection(deps, grantor, input, { mayRefer });
const rowOf = (channel: string) =>
  deps.db.channelConnection.findUniqueOrThrow({
    where: { channel },
    select: { channel: true, type: true, settings: true, secrets: true },
  });
const secretsOf = async (channel: string) => openSecrets(deps.keyring, await rowOf(channel));
const recorded = async (channel: string) =>
  (
    await owner.query<{ event: string; data: object }>(
      `SELECT event, data FROM ${RECORDED} AS record WHERE target = $1 ORDER BY n`,
      [channel],
    )
  ).rows;

describe("a connection", () => {
  test("is stored with its secrets sealed, and recorded without them", async () => {
    expect(await save(TELEGRAM)).toEqual({ channel: "tg", created: true });
    expect(await secretsOf("tg")).toEqual(TELEGRAM.secrets);
    const { rows } = await owner.query<{ text: string }>(
      "SELECT channel_connection::text AS text FROM channel_connection",
    );
    expect(rows.map(({ text }) => text).join()).not.toContain("canary");
    const events = await recorded("tg");
    expect(events).toMatchObject([
      { event: "channel.connection_saved", data: { type: "telegram", secrets: ["botToken", "webhookSecret"] } },
    ]);
    expect(JSON.stringify(events)).not.toContain("canary");
  });

  test("keeps the secrets that are not given anew", async () => {
    await save({ ...TELEGRAM, secrets: { botToken: "1234567:second-canary" } });
    expect(await secretsOf("tg")).toEqual({ ...TELEGRAM.secrets, botToken: "1234567:second-canary" });
  });

  test("that moves to another address needs its secrets again, so that nobody sends them elsewhere", async () => {
    const moved = { ...TELEGRAM, settings: { apiBase: "https://evil.example" } };
    await expect(save({ ...moved, secrets: {} })).rejects.toMatchObject({
      code: "INVALID_INPUT",
      message: expect.stringContaining("apiBase") as string,
    });
    await expect(save({ ...moved, secrets: { botToken: "1234567:x" } })).rejects.toThrow("webhookSecret is missing");
    expect((await rowOf("tg")).settings).not.toHaveProperty("apiBase", "https://evil.example");
    await save(moved);
    expect((await rowOf("tg")).settings).toHaveProperty("apiBase", "https://evil.example");
  });

  test("does not take a reference to the server's environment from the console", async () => {
    const referring = { ...TELEGRAM, channel: "env", secrets: { ...TELEGRAM.secrets, botToken: "${HOME}" } };
    await expect(save(referring)).rejects.toThrow("secrets.botToken");
    expect(await recorded("env")).toEqual([]);
    expect(await save(referring, OPERATOR, true)).toEqual({ channel: "env", created: true });
  });

  test.each<[string, Partial<Record<keyof SaveConnection, unknown>>, string]>([
    ["a name that is none", { channel: "a b" }, "channel"],
    ["an unknown type", { type: "fax" }, "type"],
    ["a blank secret", { secrets: { botToken: "  ", webhookSecret: "x" } }, "botToken"],
    ["a missing secret", { channel: "half", secrets: { botToken: "1234567:x" } }, "webhookSecret"],
    ["an unknown secret", { secrets: { password: "x" } }, "secrets"],
    ["an unknown setting", { settings: { apiBse: "https://x.example" } }, "apiBse"],
  ])("with %s is refused, naming it", async (_what, change, named) => {
    await expect(save({ ...TELEGRAM, ...change } as SaveConnection)).rejects.toMatchObject({
      code: "INVALID_INPUT",
      message: expect.stringContaining(named) as string,
    });
  });

  test("gives its senders no role beyond that of whoever makes it", async () => {
    const weak: Grantor = {
      ...OPERATOR,
      actor: { type: "member", id: "mem_weak" },
      role: "user",
      permissions: ["channels:write"],
    };
    await expect(save({ ...TELEGRAM, channel: "up", settings: { role: "admin" } }, weak)).rejects.toMatchObject({
      code: "FORBIDDEN",
    });
    expect(await recorded("up")).toEqual([]);
  });

  test("of the file is the file's: neither changed nor removed here", async () => {
    await expect(save({ ...TELEGRAM, channel: "filed" })).rejects.toMatchObject({ code: "CONFLICT" });
    await expect(removeConnection(deps, OPERATOR, "filed")).rejects.toThrow("/etc/openclaw.json5");
  });

  test("is removed with its secrets, once", async () => {
    await removeConnection(deps, OPERATOR, "tg");
    expect(await deps.db.channelConnection.count({ where: { channel: "tg" } })).toBe(0);
    expect((await recorded("tg")).at(-1)).toMatchObject({ event: "channel.connection_removed" });
    await expect(removeConnection(deps, OPERATOR, "tg")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});
