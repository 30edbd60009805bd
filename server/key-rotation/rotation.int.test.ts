/** Keys of a file and of a database: watched, rotated, undone, and forgotten in time; with a real database, keyring and provider on loopback. */
import { createServer, type Server } from "node:http";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { RECORDED } from "../../tests/support/audit.ts";
import { createTestDatabase, type TestDatabase } from "../../tests/support/database.ts";
import { openTestKeyring } from "../../tests/support/keyring.ts";
import { unlimitedGrantor } from "#server/access/index.ts";
import { readConnectionsOnce, saveConnection } from "#server/channels/index.ts";
import { configurationServices } from "#server/configuration/index.ts";
import { loadConfig } from "#server/config/index.ts";
import { createDb, type Db } from "#server/core/db/client.ts";
import { createPool } from "#server/core/db/pool.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { ensureHome, homePaths, type HomePaths } from "#server/core/paths.ts";
import {
  freshConfig,
  keyHistory,
  listKeys,
  lookAtKeys,
  rotateKey,
  sendNotices,
  undoRotation,
  type KeyServices,
} from "#server/key-rotation/index.ts";
import { endGraces } from "#server/key-rotation/undo.ts";

const ANA = { type: "member", id: "mem_ana" } as const;
const OLD = "sk-old-canary-5f1e90";
const NEW = "sk-new-canary-77aa21";
const DAY = 86_400_000;

let database: TestDatabase;
let owner: Client;
let db: Db;
let pool: ReturnType<typeof createPool>;
let keyring: Keyring;
let paths: HomePaths;
let provider: Server;
let accepted: string[];
/** Events of earlier tests. */
let recordedBefore = 0;
let services: KeyServices;
let now = Date.parse("2026-03-01T12:00:00Z");
const at = (): Date => new Date(now);

beforeAll(async () => {
  database = await createTestDatabase();
  owner = new Client({ connectionString: database.ownerUrl });
  await owner.connect();
  pool = createPool({ connectionString: database.appUrl, name: "test", max: 3 });
  db = createDb(pool);
  keyring = await openTestKeyring();
  provider = createServer((request, response) => {
    const key = request.headers.authorization?.replace("Bearer ", "") ?? "";
    response.writeHead(request.url === "/v1/models" && accepted.includes(key) ? 200 : 401).end("{}");
  });
  await new Promise<void>((listening) => provider.listen(0, "127.0.0.1", listening));
});
afterAll(async () => {
  provider.close();
  await db.$disconnect();
  await pool.end();
  await owner.end();
  await database.drop();
});

const TEXT = () => `{
  // who answers questions
  models: { providers: { own: { type: "openai", baseUrl: "http://127.0.0.1:${(provider.address() as AddressInfo).port}/v1", apiKey: "${OLD}" } } },
  security: { apiKeys: { google: "\${CANARY_GOOGLE_KEY}" } },
}
`;

beforeEach(async () => {
  vi.stubEnv("CANARY_GOOGLE_KEY", "google-canary-one");
  await owner.query("TRUNCATE tracked_key, key_rotation, key_notice, channel_connection");
  const { rows } = await owner.query<{ n: string }>(`SELECT count(*) AS n FROM ${RECORDED} AS record`);
  recordedBefore = Number(rows[0]?.n);
  paths = homePaths(mkdtempSync(join(tmpdir(), "openclaw-rotation-")));
  ensureHome(paths);
  writeFileSync(paths.configFile, TEXT(), { mode: 0o600 });
  accepted = [OLD, NEW];
  const clock = { now: () => now };
  const config = freshConfig(paths.configFile, keyring);
  const configuration = configurationServices({
    paths,
    keyring,
    clock,
    log: { error: () => undefined },
    atStart: loadConfig(paths.configFile).config,
  });
  services = { db, clock, keyring, config, configuration };
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(paths.home, { recursive: true });
});

const look = (): Promise<void> => lookAtKeys(services, at());
const list = async () => (await listKeys(services, db, { now: at(), judgesValues: true })).keys;
const find = async (id: string) => (await list()).find((key) => key.id === id);
const file = (): string => readFileSync(paths.configFile, "utf8");
interface Recorded {
  event: string;
  target: string;
  reason: string | null;
}
async function events(event: string): Promise<Recorded[]> {
  const sql = `SELECT event, target, reason FROM ${RECORDED} AS record WHERE event = $1 AND n > $2 ORDER BY n`;
  return (await owner.query<Recorded>(sql, [event, recordedBefore])).rows;
}
/** Everything that is stored, as text. */
async function dump(): Promise<string> {
  const tables = ["tracked_key", "key_rotation", "key_notice", "audit_intake", "audit_event"];
  const rows = [];
  for (const table of tables) {
    rows.push(await owner.query<Record<string, unknown>>(`SELECT * FROM ${table}`));
  }
  return JSON.stringify(
    rows.map((result) => result.rows),
    (_, value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : value),
  );
}
async function hook(): Promise<void> {
  const policy = { current: () => ({ roles: new Map([["user", { permissions: [], channels: [], commands: [] }]]) }) };
  await saveConnection(
    { db, config: services.config, paths, keyring, policy: policy as never },
    unlimitedGrantor(ANA),
    {
      channel: "in",
      type: "webhook",
      settings: {},
      secrets: { secret: `whsec_${Buffer.alloc(32, 7).toString("base64")}` },
    },
    { mayRefer: false },
  );
}

describe("AUTH-12 watching", () => {
  test("each key is listed with source and age, and no value is stored", async () => {
    await hook();
    await look();
    now += 3 * DAY;
    const keys = await list();
    expect(keys.map(({ id, source, ageDays, rotation }) => [id, source, ageDays, rotation])).toEqual([
      ["channel:in:secret", "database", 3, "here"],
      ["provider:google", "environment", 3, "environment"],
      ["provider:own", "plain", 3, "here"],
    ]);
    expect(keys[1]?.howTo).toContain("CANARY_GOOGLE_KEY");
    expect(await dump()).not.toMatch(/canary-5f1e90|google-canary/);
  });

  test("a changed variable is a rotation, seen once however often one looks; one that is missing changes nothing", async () => {
    await look();
    now += DAY;
    vi.stubEnv("CANARY_GOOGLE_KEY", "google-canary-two");
    await look();
    await look();
    expect(await events("key.change_seen")).toEqual([
      { event: "key.change_seen", target: "provider:google", reason: "environment" },
    ]);
    expect(await find("provider:google")).toMatchObject({ ageDays: 0, rotatedAt: at() });
    expect((await keyHistory(db, "provider:google"))[0]).toMatchObject({ how: "seen", by: "seen in the environment" });

    vi.stubEnv("CANARY_GOOGLE_KEY", "");
    await look();
    expect((await find("provider:google"))?.problem).toMatch(/CANARY_GOOGLE_KEY/);
    vi.stubEnv("CANARY_GOOGLE_KEY", "google-canary-two");
    await look();
    expect(await events("key.change_seen")).toHaveLength(1);
  });

  test("an edit of the file is seen too, and a key that is gone is not due any more", async () => {
    await look();
    writeFileSync(paths.configFile, TEXT().replace(OLD, "sk-edited-by-hand"));
    await look();
    expect(await events("key.change_seen")).toMatchObject([{ target: "provider:own", reason: "configuration" }]);
    writeFileSync(paths.configFile, "{}");
    await look();
    now += 100 * DAY;
    expect(await sendNotices(db, services.config.current().config, at())).toBe(0);
    expect(await list()).toEqual([]);
  });

  test("notices go out once for each key and cycle, also with several servers at once", async () => {
    await look();
    const { config } = services.config.current();
    now += 24 * DAY;
    const sent = await Promise.all([1, 2, 3, 4].map(() => sendNotices(db, config, at())));
    expect(sent.reduce((sum, one) => sum + one, 0)).toBe(2);
    expect((await events("key.due")).map(({ target }) => target).sort()).toEqual(["provider:google", "provider:own"]);
    now += 7 * DAY;
    expect(await sendNotices(db, config, at())).toBe(2);
    expect(await sendNotices(db, config, at())).toBe(0);
    expect(await events("key.overdue")).toHaveLength(2);
    vi.stubEnv("CANARY_GOOGLE_KEY", "google-canary-three");
    await look();
    expect((await find("provider:google"))?.state).toBe("ok");
    now += 31 * DAY;
    expect(await sendNotices(db, config, at())).toBe(1);
  });

  test("switched off, nothing goes out, and the list says so", async () => {
    await look();
    now += 90 * DAY;
    writeFileSync(paths.configFile, TEXT().replace("security: {", "security: { keyRotation: { enabled: false },"));
    expect(await sendNotices(db, services.config.current().config, at())).toBe(0);
    const answer = await listKeys(services, db, { now: at(), judgesValues: true });
    expect(answer.rotation.enabled).toBe(false);
    expect(answer.keys[0]?.state).toBe("overdue");
  });
});

describe("AUTH-12 rotation of a key of the file", () => {
  const rotate = (over: object = {}) =>
    rotateKey(services, ANA, { keyId: "provider:own", rotationId: "rot-one", value: NEW, graceMs: DAY, ...over });

  test("is tried, written in its place with all comments, recorded, and undone within its grace", async () => {
    await look();
    now += 40 * DAY;
    const rotated = await rotate();
    expect(rotated).toMatchObject({ test: "passed", generated: null, repeated: false });
    expect(file()).toBe(TEXT().replace(OLD, NEW));
    expect(services.configuration.versions.list().versions[0]?.by).toEqual(ANA);
    expect(await events("key.rotated")).toEqual([{ event: "key.rotated", target: "provider:own", reason: "passed" }]);
    expect(await find("provider:own")).toMatchObject({ ageDays: 0, undo: "rot-one" });
    await look();
    expect(await events("key.change_seen")).toEqual([]);
    expect(await dump()).not.toMatch(/canary/);

    await undoRotation(services, ANA, "rot-one");
    expect(file()).toBe(TEXT());
    expect(await find("provider:own")).toMatchObject({ ageDays: 40, undo: null, state: "overdue" });
    await expect(undoRotation(services, ANA, "rot-one")).rejects.toMatchObject({ code: "CONFLICT" });
    await expect(rotate()).rejects.toMatchObject({ code: "CONFLICT" });
  });

  test("a key that the provider does not take changes nothing, and is on record", async () => {
    accepted = [OLD];
    await look();
    await expect(rotate()).rejects.toThrow(/Nothing was changed.*does not take this key \(401\)/);
    expect(file()).toBe(TEXT());
    expect(await keyHistory(db)).toEqual([]);
    expect(await events("key.rotation_failed")).toMatchObject([{ reason: "test_failed" }]);
    expect(await rotate({ test: false })).toMatchObject({ test: "skipped" });
  });

  test("the same id again is the same rotation; for another key or value it is refused", async () => {
    await look();
    await rotate();
    expect(await rotate()).toMatchObject({ repeated: true });
    expect(await events("key.rotated")).toHaveLength(1);
    await expect(rotate({ value: "sk-third" })).rejects.toMatchObject({ code: "CONFLICT" });
    await hook();
    await expect(rotate({ keyId: "channel:in:secret", value: undefined })).rejects.toMatchObject({ code: "CONFLICT" });
  });

  test("parallel calls with one id make one rotation", async () => {
    await look();
    const settled = await Promise.allSettled([1, 2, 3, 4, 5].map(() => rotate()));
    expect(settled.some(({ status }) => status === "fulfilled")).toBe(true);
    expect(await events("key.rotated")).toHaveLength(1);
    expect(file()).toBe(TEXT().replace(OLD, NEW));
  });

  test("what comes from the environment is told how, and nothing happens", async () => {
    await expect(rotate({ keyId: "provider:google" })).rejects.toThrow(/set CANARY_GOOGLE_KEY to it, and restart/);
    await expect(rotate({ keyId: "provider:none" })).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(rotate({ value: OLD })).rejects.toThrow(/has already/);
    await expect(rotate({ value: "${HOME}" })).rejects.toThrow(/reference/);
    await expect(rotate({ value: undefined })).rejects.toThrow(/made elsewhere/);
  });

  test("an encrypted key stays encrypted", async () => {
    const { planEncryption } = await import("#server/config/index.ts");
    const plan = planEncryption(paths.configFile);
    plan.write(plan.convert(keyring));
    expect(file()).not.toContain(OLD);
    await look();
    await rotate();
    expect(file()).not.toContain(NEW);
    expect(
      services.config.secret(
        "models.providers.own.apiKey",
        services.config.current().config.models.providers["own"]?.apiKey ?? "",
      ),
    ).toBe(NEW);
  });

  describe("cut off in the middle", () => {
    /** As after a kill -9 before the file was written: the intent is stored, nothing else. */
    async function cutOff(): Promise<void> {
      const { versions } = services.configuration;
      const add = vi.spyOn(versions, "add").mockImplementationOnce(() => {
        throw new Error("killed");
      });
      await expect(rotate()).rejects.toThrow("killed");
      add.mockRestore();
      expect(await keyHistory(db)).toMatchObject([{ id: "rot-one", state: "prepared" }]);
    }

    test("before the file was written: the same id goes on where it stopped", async () => {
      await look();
      await cutOff();
      expect(file()).toBe(TEXT());
      expect(await events("key.rotated")).toEqual([]);
      expect(await rotate({ value: undefined })).toMatchObject({ repeated: false, test: "passed" });
      expect(file()).toBe(TEXT().replace(OLD, NEW));
      expect(await events("key.rotated")).toHaveLength(1);
    });

    test("after the file was written: the next look records it as the rotation it was", async () => {
      await look();
      await cutOff();
      writeFileSync(paths.configFile, TEXT().replace(OLD, NEW));
      await look();
      expect(await keyHistory(db)).toMatchObject([{ id: "rot-one", state: "done", how: "rotated" }]);
      expect(await events("key.change_seen")).toEqual([]);
      expect(await events("key.rotated")).toHaveLength(1);
      await undoRotation(services, ANA, "rot-one");
      expect(file()).toBe(TEXT());
    });

    test("and left alone: it is given up, its values are forgotten, and another can be made", async () => {
      await look();
      await cutOff();
      now += 120_000;
      await look();
      expect(await keyHistory(db)).toMatchObject([{ id: "rot-one", state: "failed" }]);
      const { rows } = await owner.query("SELECT old_sealed, new_sealed FROM key_rotation");
      expect(rows).toEqual([{ old_sealed: null, new_sealed: null }]);
      expect(await rotate({ rotationId: "rot-two" })).toMatchObject({ repeated: false });
    });
  });
});

describe("AUTH-12 rotation of a secret of the database", () => {
  const rotate = (over: object = {}) =>
    rotateKey(services, ANA, { keyId: "channel:in:secret", rotationId: "rot-hook", graceMs: DAY, ...over });

  test("is made up by us and shown once more to whoever asks again; old and new are believed until the grace ends", async () => {
    now = Date.now();
    await hook();
    await look();
    const first = await rotate();
    expect(first.generated).toMatch(/^whsec_/);
    expect(await rotate()).toMatchObject({ repeated: true, generated: first.generated });
    const other = { type: "member", id: "mem_eve" } as const;
    expect(await rotateKey(services, other, { keyId: "channel:in:secret", rotationId: "rot-hook" })).toMatchObject({
      generated: null,
    });
    const connections = await readConnectionsOnce({ config: services.config, keyring, db });
    expect(connections.live("in")?.secrets).toHaveLength(2);
    await connections.close();

    now += 2 * DAY;
    expect(await endGraces(db, at())).toBe(1);
    expect(await endGraces(db, at())).toBe(0);
    expect(await events("key.grace_ended")).toHaveLength(1);
    const { rows } = await owner.query("SELECT old_sealed, grace_ended_at IS NOT NULL AS ended FROM key_rotation");
    expect(rows).toEqual([{ old_sealed: null, ended: true }]);
    expect((await rotate()).generated).toBeNull();
    await expect(undoRotation(services, ANA, "rot-hook")).rejects.toThrow(/not kept any more/);
    expect(await dump()).not.toContain(first.generated);
  });

  test("without grace the old one is forgotten at once; a value of another form is refused", async () => {
    await hook();
    await look();
    await expect(rotate({ value: "no standard secret" })).rejects.toThrow(/whsec_/);
    expect(await rotate({ graceMs: 0 })).toMatchObject({ graceUntil: null });
    const { rows } = await owner.query("SELECT old_sealed FROM key_rotation");
    expect(rows).toEqual([{ old_sealed: null }]);
  });

  test("it and its record are one: when the record fails, the secret is as it was", async () => {
    await hook();
    await look();
    const sealed = async () => (await db.channelConnection.findUniqueOrThrow({ where: { channel: "in" } })).secrets;
    const before = Buffer.from(await sealed());
    await owner.query("REVOKE INSERT ON audit_intake FROM openclaw_app");
    try {
      await expect(rotate()).rejects.toThrow();
    } finally {
      await owner.query("GRANT INSERT ON audit_intake TO openclaw_app");
    }
    expect(Buffer.from(await sealed()).equals(before)).toBe(true);
    expect(await keyHistory(db)).toEqual([]);
  });
});
