/** Every sealed column of the database after all data keys were replaced: nothing is under an old key, and each part opens what is its own. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Pool } from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openPointSecrets, sealPointSecrets } from "#server/alerts/points/secrets.ts";
import { ApprovalContent, openContent, sealContent } from "#server/approvals/content.ts";
import { createFactorSeal } from "#server/auth/factor-seal.ts";
import { createSessionSeal } from "#server/auth/session-seal.ts";
import { openSecrets, sealSecrets } from "#server/channels/connection-rows.ts";
import { openOldKey, sealOldKey } from "#server/channels/graced-secrets.ts";
import { openEvent, openReply, sealEvent, sealReply } from "#server/channels/sealed-event.ts";
import { InboundEvent } from "#server/channels/schema.ts";
import { sealBytes } from "#server/core/crypto/aead.ts";
import { KEY_PURPOSES, type Keyring } from "#server/core/crypto/keyring/index.ts";
import { openValue, sealValue } from "#server/core/crypto/vault.ts";
import { createPool } from "#server/core/db/pool.ts";
import { resealDatabase, SEALED_COLUMNS } from "#server/reseal/index.ts";
import { createUserFactorSeal } from "#server/step-up/factor-seal.ts";
import { createTestDatabase, type TestDatabase } from "../../tests/support/database.ts";
import { openTestKeyring, rotateDataKey } from "../../tests/support/keyring.ts";
import { ENCRYPTION, openTestRunSeal } from "../../tests/support/run-seal.ts";

let keysDir: string;
let database: TestDatabase;
let pool: Pool;

beforeEach(async () => {
  keysDir = mkdtempSync(join(tmpdir(), "openclaw-reseal-all-"));
  database = await createTestDatabase();
  pool = createPool({ connectionString: database.ownerUrl, name: "test", max: 2 });
});
afterEach(async () => {
  await pool.end();
  await database.drop();
  rmSync(keysDir, { recursive: true, force: true });
});

const SECRET = "what-was-sealed";
const SESSION = createHash("sha256").update("session").digest();
const HELD = "held_message|body|held";
const PREPARED = "key_rotation|new_sealed|rot";
const EVENT = InboundEvent.parse({
  eventId: "e",
  kind: "message",
  senderId: "s",
  conversationId: "c",
  threadId: null,
  senderName: null,
  isBot: false,
  isDirect: true,
  messageId: null,
  text: SECRET,
  attachments: [],
  sentAt: null,
  replyHandle: null,
});
const CONTENT = ApprovalContent.parse({
  command: "run",
  language: "sh",
  code: SECRET,
  profile: "default",
  agent: null,
  model: null,
  outputs: [],
  files: [],
});

/** A row in each table, sealed by the part it belongs to. */
async function fill(keyring: Keyring): Promise<void> {
  const { runSeal } = await openTestRunSeal(keysDir);
  const session = createSessionSeal(keyring, () => true);
  const factor = createFactorSeal(keyring).sealSeed("mem", SECRET);
  const userFactor = createUserFactorSeal(keyring).sealSeed("user", SECRET);
  const approval = sealContent(keyring, "apr", CONTENT);
  const rows: [string, Record<string, unknown>][] = [
    [
      "run",
      {
        id: "run",
        state: "queued",
        language: "agent",
        code: runSeal.sealText("code", "run", SECRET),
        stdout: runSeal.sealText("stdout", "run", SECRET),
        stderr: runSeal.sealText("stderr", "run", SECRET),
        history: runSeal.sealText("history", "run", SECRET),
        principal_id: "p",
        role_name: "admin",
        channel: "api",
        request_id: "r",
      },
    ],
    [
      "run_event",
      {
        run_id: "run",
        seq: 1,
        kind: "stdout",
        data: JSON.stringify(runSeal.sealEvent("run", 1, "stdout", { text: SECRET })),
      },
    ],
    [
      "run_file",
      {
        id: "fil",
        run_id: "run",
        direction: "output",
        path: "a",
        size_bytes: 1,
        verdict: "stored",
        content: Buffer.from(runSeal.sealContent("fil", Buffer.from(SECRET))),
      },
    ],
    [
      "conversation_turn",
      {
        id: "trn",
        channel: "api",
        conversation_id: "p",
        user_id: "",
        agent: "default",
        role: "user",
        text: runSeal.sealTurn("trn", SECRET),
        run_id: "run",
      },
    ],
    [
      "channel_connection",
      {
        channel: "telegram",
        type: "telegram",
        settings: "{}",
        secrets: sealSecrets(keyring, "telegram", { botToken: SECRET }),
      },
    ],
    [
      "contact_point",
      {
        id: "cp",
        name: "cp",
        type: "webhook",
        source: "database",
        settings: "{}",
        secrets: Buffer.from(sealPointSecrets(keyring, "cp", { secret: SECRET })),
        receives_all: true,
      },
    ],
    [
      "key_rotation",
      {
        id: "rot",
        key_id: "gateway:token",
        how: "rotated",
        state: "prepared",
        old_sealed: Buffer.from(sealOldKey(keyring, "rot", SECRET)),
        new_sealed: sealValue(keyring, "config", Buffer.from(SECRET), PREPARED),
        test: "none",
        actor_type: "cli",
        actor_id: "cli",
        at: new Date(),
      },
    ],
    [
      "channel_delivery",
      {
        id: "del",
        channel: "telegram",
        event_id: "e",
        kind: "message",
        sender_id: "s",
        conversation_id: "c",
        event: sealEvent(keyring, "del", EVENT),
        request_id: "r",
      },
    ],
    [
      "channel_reply",
      { id: "rep", delivery_id: "del", channel: "telegram", part: 0, body: sealReply(keyring, "rep", SECRET) },
    ],
    [
      "held_message",
      {
        channel: "telegram",
        sender_id: "s",
        conversation_id: "c",
        id: "held",
        user_id: "user",
        command: "run",
        body: sealValue(keyring, "database", Buffer.from(SECRET), HELD),
        sha256: SESSION,
        expires_at: new Date(),
      },
    ],
    [
      "run_approval",
      {
        id: "apr",
        content: Buffer.from(approval.content),
        sha256: Buffer.from(approval.sha256),
        profile: "default",
        language: "sh",
        principal: "{}",
        principal_id: "p",
        channel: "api",
        request_id: "r",
        expires_at: new Date(),
      },
    ],
    [
      "member",
      {
        id: "mem",
        email: "a@example.org",
        name: "A",
        role_name: "admin",
        totp_secret: factor,
        totp_pending_secret: createFactorSeal(keyring).sealSeed("mem", SECRET),
      },
    ],
    [
      "user_factor",
      { user_id: "user", seed: userFactor, pending_seed: createUserFactorSeal(keyring).sealSeed("user", SECRET) },
    ],
    [
      "console_session",
      {
        id_hash: SESSION,
        public_id: "ses",
        member_id: "mem",
        auth_version: 1,
        method: "password",
        factor_proven: false,
        user_agent: session.seal("user_agent", SESSION, SECRET),
        address: session.seal("address", SESSION, SECRET),
        expires_at: new Date(),
      },
    ],
  ];
  for (const [table, row] of rows) {
    const names = Object.keys(row);
    const places = names.map((_, index) => `$${index + 1}`);
    await pool.query(`INSERT INTO ${table} (${names.join(", ")}) VALUES (${places.join(", ")})`, Object.values(row));
  }
}

/** Columns of any table with a value that carries the id of one of these keys, whether they are listed or not. */
async function sealedUnder(ids: readonly string[]): Promise<string[]> {
  const { rows: columns } = await pool.query<{ table: string; column: string; type: string }>(
    `SELECT table_name AS table, column_name AS column, data_type AS type FROM information_schema.columns
     WHERE table_schema = 'public' AND data_type IN ('bytea', 'text', 'jsonb')`,
  );
  const found: string[] = [];
  for (const { table, column, type } of columns) {
    const { rows } = await pool.query<{ value: Buffer | string }>(
      `SELECT ${type === "jsonb" ? `"${column}"::text` : `"${column}"`} AS value FROM "${table}" WHERE "${column}" IS NOT NULL`,
    );
    if (rows.some(({ value }) => keyIdsIn(value).some((id) => ids.includes(id)))) {
      found.push(`${table}.${column}`);
    }
  }
  return found.sort();
}

/** Key ids of everything in it that may be a sealed value. */
function keyIdsIn(value: Buffer | string): string[] {
  if (typeof value === "string") {
    return [...value.matchAll(/\$ocg1\$([A-Za-z0-9+/]{12})/g)].map(([, head = ""]) =>
      Buffer.from(head, "base64").subarray(1, 7).toString("hex"),
    );
  }
  const isMarked = value.subarray(0, 6).toString("latin1") === "$ocg1$";
  return [value.subarray(isMarked ? 7 : 1, isMarked ? 13 : 7).toString("hex")];
}

test("DATA-6 nothing in any table is under a replaced key, and each part opens its own", async () => {
  const before = await openTestKeyring(keysDir);
  const old = KEY_PURPOSES.map((purpose) => before.current(purpose).id);
  await fill(before);
  const listed = SEALED_COLUMNS.map(({ table, column }) => `${table}.${column}`).sort();
  expect(await sealedUnder(old)).toEqual(listed);

  for (const purpose of KEY_PURPOSES) {
    await rotateDataKey({ keysDir }, purpose);
  }
  const { keyring, runSeal } = await openTestRunSeal(keysDir);
  const deps = {
    pool,
    keyring,
    runSeal,
    encryption: ENCRYPTION.default,
    unreadable: () => expect.unreachable(),
    onProgress: () => undefined,
  };
  const { columns, skipped } = await resealDatabase(deps, { isRehearsal: false });
  expect(skipped).toEqual([]);
  expect(columns.filter(({ seen, sealed }) => seen !== 1 || sealed !== 1)).toEqual([]);
  expect(await sealedUnder(old)).toEqual([]);
  expect(await sealedUnder(KEY_PURPOSES.map((purpose) => keyring.current(purpose).id))).toEqual(listed);

  const one = async (table: string) => {
    const { rows } = await pool.query<Record<string, Buffer & string>>(`SELECT * FROM ${table}`);
    return (column: string) => rows[0]?.[column] as Buffer & string;
  };
  const [connection, point, rotation, delivery, reply, held, approval, member, user, session] = await Promise.all(
    [
      "channel_connection",
      "contact_point",
      "key_rotation",
      "channel_delivery",
      "channel_reply",
      "held_message",
      "run_approval",
      "member",
      "user_factor",
      "console_session",
    ].map(one),
  );
  expect(
    openSecrets(keyring, {
      channel: "telegram",
      type: "telegram",
      settings: {},
      secrets: connection?.("secrets") as Buffer,
    }),
  ).toEqual({ botToken: SECRET });
  expect(openPointSecrets(keyring, "cp", point?.("secrets") as Buffer)).toEqual({ secret: SECRET });
  expect(openOldKey(keyring, "rot", rotation?.("old_sealed") as Buffer)).toBe(SECRET);
  expect(openValue(keyring, "config", rotation?.("new_sealed") as Buffer, PREPARED).toString()).toBe(SECRET);
  expect(openEvent(keyring, "del", delivery?.("event") as Buffer)).toEqual(EVENT);
  expect(openReply(keyring, "rep", reply?.("body") as Buffer)).toBe(SECRET);
  expect(openValue(keyring, "database", held?.("body") as Buffer, HELD).toString()).toBe(SECRET);
  const content = { id: "apr", content: approval?.("content") as Buffer, sha256: approval?.("sha256") as Buffer };
  expect(openContent(keyring, content)).toEqual(CONTENT);
  const factor = createFactorSeal(keyring);
  const userFactor = createUserFactorSeal(keyring);
  const seeds = [
    ...["totp_secret", "totp_pending_secret"].map((column) => factor.openSeed("mem", member?.(column) ?? "")),
    ...["seed", "pending_seed"].map((column) => userFactor.openSeed("user", user?.(column) ?? "")),
  ];
  expect(seeds).toEqual([SECRET, SECRET, SECRET, SECRET]);
  const sessionSeal = createSessionSeal(keyring, () => true);
  expect(
    (["user_agent", "address"] as const).map((column) => sessionSeal.open(column, SESSION, session?.(column) ?? "")),
  ).toEqual([SECRET, SECRET]);
});

test("DATA-6 a seed in plain text, and a value of another row, are not made good by the pass", async () => {
  const { keyring, runSeal } = await openTestRunSeal(keysDir);
  await pool.query("INSERT INTO user_factor (user_id, seed) VALUES ('user', 'PLANTED')");
  const elsewhere = sealBytes(
    { id: "000000000000", key: Buffer.alloc(32) },
    Buffer.from("{}"),
    "contact_point|secrets|cp",
  );
  await pool.query(
    `INSERT INTO contact_point (id, name, type, source, settings, secrets, receives_all) VALUES ('cp', 'cp', 'webhook', 'database', '{}', $1, true)`,
    [elsewhere],
  );
  const told: [string, string | null][] = [];
  const { columns } = await resealDatabase(
    {
      pool,
      keyring,
      runSeal,
      encryption: ENCRYPTION.default,
      unreadable: (...what) => void told.push(what),
      onProgress: () => undefined,
    },
    { isRehearsal: false },
  );
  expect(columns.filter(({ unreadable }) => unreadable > 0).map(({ column }) => column)).toEqual([
    "contact_point.secrets",
    "user_factor.seed",
  ]);
  expect(told).toEqual([
    ["contact_point.secrets", "cp"],
    ["user_factor.seed", "user"],
  ]);
  expect((await pool.query("SELECT seed FROM user_factor")).rows).toEqual([{ seed: "PLANTED" }]);
});
