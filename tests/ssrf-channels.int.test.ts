/**
 * Requests that are to lead inside, through the addresses of channels: of the file and of the database, for every platform. As in
 * `ssrf.int.test.ts` a listener on this machine counts who arrives, and only the resolver is the test's.
 */
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { readPolicy, unlimitedGrantor } from "#server/access/index.ts";
import { createAuditWriter } from "#server/audit/index.ts";
import { openConnections, type ConnectionStore } from "#server/channels/connections.ts";
import { saveConnection, type SaveConnection } from "#server/channels/save-connection.ts";
import { sendTestMessage, testConnection, type Probed } from "#server/channels/test-connection.ts";
import { openConfigStore, secretOpener, type ConfigStore } from "#server/config/index.ts";
import { createDb } from "#server/core/db/client.ts";
import { openNotifyHub } from "#server/core/db/notify.ts";
import { createPool } from "#server/core/db/pool.ts";
import { RECORDED } from "./support/audit.ts";
import { createTestDatabase } from "./support/database.ts";
import { openTestKeyring } from "./support/keyring.ts";
import { resolveTo } from "./support/name-lookup.ts";

// The factory runs before the imports below are there.
vi.mock("node:dns/promises", async (actual) => (await import("./support/name-lookup.ts")).mockedLookup(actual));

const WHSEC = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const ACTOR = { type: "operator", id: "test" } as const;

/** All platforms, and the setting that holds their address. */
const PLATFORMS: Record<string, Pick<SaveConnection, "type" | "settings" | "secrets"> & { address: string }> = {
  telegram: {
    type: "telegram",
    address: "apiBase",
    settings: {},
    secrets: { botToken: "1234567:abc", webhookSecret: "s" },
  },
  slack: { type: "slack", address: "apiBase", settings: {}, secrets: { signingSecret: "s", botToken: "xoxb-t" } },
  whatsapp: {
    type: "whatsapp",
    address: "apiBase",
    settings: { phoneNumberId: "1" },
    secrets: { appSecret: "s", verifyToken: "v", accessToken: "t" },
  },
  discord: {
    type: "discord",
    address: "apiBase",
    settings: { publicKey: "ab".repeat(32), applicationId: "1" },
    secrets: { botToken: "t" },
  },
  webhook: { type: "webhook", address: "replyUrl", settings: {}, secrets: { secret: WHSEC, replySecret: WHSEC } },
};

let inside: Server;
let port: number;
let reached: string[];
let folder: string;
let config: ConfigStore;
let connections: ConnectionStore;
let save: (channel: string, url: string) => Promise<void>;
let send: (channel: string) => Promise<{ ok: boolean; reason?: string }>;
let recorded: (channel: string) => Promise<{ outcome: string; reason: string; message: string }[]>;
let close: () => Promise<void>;

beforeAll(async () => {
  inside = createServer((_request, response) => {
    response.writeHead(307, { location: `http://127.0.0.1:${port}/latest/meta-data`, connection: "close" }).end();
  });
  inside.on("connection", (socket) => reached.push(socket.localAddress?.replace("::ffff:", "") ?? ""));
  inside.listen(0, "::");
  await once(inside, "listening");
  port = (inside.address() as AddressInfo).port;

  folder = mkdtempSync(join(tmpdir(), "openclaw-ssrf-"));
  const file = join(folder, "openclaw.json5");
  const written = { type: "webhook", secret: WHSEC, replySecret: WHSEC };
  const inFile = (replyUrl: string): object => ({ connection: { ...written, replyUrl } });
  const channels = { literal: inFile(`http://127.0.0.1:${port}/in`), named: inFile(`http://named.test:${port}/in`) };
  const security = { outbound: { allowedPrivate: ["127.0.0.2"] } };
  writeFileSync(file, JSON.stringify({ channels, security }), { mode: 0o600 });
  const database = await createTestDatabase();
  const log = pino({ level: "silent" });
  const pool = createPool({ connectionString: database.appUrl, name: "test", max: 4 });
  const owner = createPool({ connectionString: database.ownerUrl, name: "owner", max: 1 });
  const auditPool = createPool({ connectionString: database.appUrl, name: "audit", max: 1 });
  const db = createDb(pool);
  const keyring = await openTestKeyring();
  const notify = await openNotifyHub(database.appUrl, "test", log);
  config = openConfigStore({ file, log, open: secretOpener(keyring) });
  const audit = createAuditWriter({ pool: auditPool, log });
  connections = await openConnections({ config, db, keyring, notify, audit, log });
  const policy = await readPolicy(pool, { enabled: true, roles: undefined, users: undefined, channels: undefined });
  save = async (channel, url) => {
    const { type, address, settings, secrets } = PLATFORMS[channel] ?? {
      type: "webhook",
      address: "",
      settings: {},
      secrets: {},
    };
    const deps = { db, config, paths: { configFile: file }, keyring, policy: { current: () => policy } };
    const input: SaveConnection = { channel, type, settings: { ...settings, [address]: url }, secrets };
    await saveConnection(deps, unlimitedGrantor(ACTOR), input, { mayRefer: false });
    await connections.reload();
  };
  send = (channel) => sendTestMessage({ connections, audit }, ACTOR, { channel, conversation: "123" });
  recorded = async (channel) =>
    (
      await owner.query<{ outcome: string; reason: string; message: string }>(
        `SELECT outcome, reason, data->>'message' AS message FROM ${RECORDED} AS record
         WHERE event = 'channel.connection_tested' AND target = $1 ORDER BY n`,
        [channel],
      )
    ).rows;
  close = async () => {
    await connections.close();
    config.close();
    await notify.close();
    await audit.close();
    await db.$disconnect();
    await Promise.all([pool.end(), owner.end(), auditPool.end()]);
    await database.drop();
  };
});
beforeEach(() => void (reached = []));
afterAll(async () => {
  await close();
  inside.closeAllConnections();
  inside.close();
  rmSync(folder, { recursive: true, force: true });
});

const CLOSED = "not open to outgoing connections";

/** Nobody arrived, and it is said why: to who asked, and on record. */
async function expectClosed(channel: string): Promise<void> {
  const sent = await send(channel);
  expect([sent.ok, sent.reason]).toEqual([false, expect.stringContaining(CLOSED)]);
  expect((await recorded(channel)).at(-1)).toMatchObject({
    outcome: "failed",
    message: expect.stringContaining(CLOSED) as string,
  });
  const probed: Probed = await testConnection({ connections }, channel);
  // A webhook's own address is not asked anything until there is something to say.
  expect(probed.ok).toBe(channel === "webhook");
  expect(reached).toEqual([]);
}

describe.each(Object.keys(PLATFORMS))("CVE-2026-35629 an address of %s in the database", (channel) => {
  test.each([
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "localhost",
  ])("%s is not opened by being written there", async (host) => {
    await save(channel, `http://${host}:${port}`);
    await expectClosed(channel);
  });

  test("a name that leads inside, alone, among others, or in another form", async () => {
    await save(channel, `http://${channel}.test:${port}`);
    for (const addresses of [
      ["127.0.0.1"],
      ["1.1.1.1", "127.0.0.1"],
      ["::ffff:7f00:1"],
      ["64:ff9b::7f00:1"],
      ["fd00:ec2::254"],
    ]) {
      resolveTo(`${channel}.test`, addresses);
      await expectClosed(channel);
    }
  });

  test("a name that moves inside between two connections, and a redirect", async () => {
    await save(channel, `http://${channel}.test:${port}`);
    resolveTo(`${channel}.test`, ["127.0.0.2"]);
    const sent = await send(channel);
    // It answers with a redirect to 127.0.0.1, where nobody goes.
    expect([sent.ok, [...new Set(reached)]]).toEqual([false, ["127.0.0.2"]]);
    reached = [];
    resolveTo(`${channel}.test`, ["127.0.0.1"]);
    await expectClosed(channel);
  });
});

describe("GHSA-w45g addresses of the file", () => {
  test("one that is written as such is reached, and its redirect is not followed", async () => {
    expect(await send("literal")).toMatchObject({ ok: false, reason: expect.stringContaining("307") as string });
    expect(reached).toEqual(["127.0.0.1"]);
  });

  test("a name that leads to it is not", async () => {
    resolveTo("named.test", ["127.0.0.1"]);
    const sent = await send("named");
    expect([sent.ok, sent.reason, reached]).toEqual([false, expect.stringContaining(CLOSED), []]);
  });
});
